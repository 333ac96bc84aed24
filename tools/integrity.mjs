import { createHash } from 'node:crypto'

/**
 * Compares bytes with a pinned checksum as npm writes it (`sha512-…`, base64).
 * @throws Error that names what is wrong and both sums
 */
export function checkIntegrity(bytes, pinned, name) {
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (found !== pinned) throw new Error(`${name} is not the pinned package: ${found} instead of ${pinned}`)
}
