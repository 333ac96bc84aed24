/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What newOrderId makes. */
export const ORDER_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/

/**
 * An id for one changing order, unique without asking anybody: 48 bits of time, then 80 random ones, as 26 letters
 * and digits that sort by time (the form of a ULID).
 */
export function newOrderId(at: Date): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(at.getTime(), 0, 6)
  crypto.getRandomValues(bytes.subarray(6)) // the global one: node:crypto would cost every start 3 ms
  let number = BigInt(`0x${bytes.toString('hex')}`)
  let id = ''
  for (let digit = 0; digit < 26; digit++) {
    id = `${DIGITS[Number(number & 31n)] ?? ''}${id}`
    number >>= 5n
  }
  return id
}
