import { type HostKeyType, typeOfAlgorithm } from './algorithms.ts'

/** More than any server sends before its key exchange: 1024 lines of greeting are refused long before. */
const LIMIT = 256 * 1024
const KEXINIT = 20

/**
 * Reads a server's host key types from the first bytes it sends (RFC 4253: identification line, then the KEXINIT
 * packet, both in the clear). ssh2 keeps this list to itself, and without it every type would cost a connection.
 */
export class ServerOffer {
  /** True once the server has said that it speaks SSH. */
  identified = false
  private received: Buffer = Buffer.alloc(0)
  private found: readonly HostKeyType[] | undefined

  /** The host key types the server has and akctl takes; empty as long as nothing is known. */
  get types(): readonly HostKeyType[] {
    return this.found ?? []
  }

  /** Takes the next bytes. @returns false once no more are needed */
  add(chunk: Buffer): boolean {
    if (this.found !== undefined) return false
    this.received = Buffer.concat([this.received, chunk])
    const ident = identOf(this.received)
    this.identified = ident !== undefined
    const payload = ident === undefined ? undefined : kexinitOf(this.received, ident)
    if (payload !== undefined) this.found = hostKeyTypes(payload)
    else if (this.received.length > LIMIT) this.found = []
    if (this.found === undefined) return true
    this.received = Buffer.alloc(0)
    return false
  }
}

/** Where the identification line begins: at the start, or after lines of greeting. */
function identOf(bytes: Buffer): number | undefined {
  if (bytes.subarray(0, 4).toString('latin1') === 'SSH-') return 0
  const after = bytes.indexOf('\nSSH-')
  return after < 0 ? undefined : after + 1
}

/** The payload of the KEXINIT packet, once it has arrived whole. */
function kexinitOf(bytes: Buffer, ident: number): Buffer | undefined {
  const lineEnd = bytes.indexOf('\n', ident)
  if (lineEnd < 0) return undefined
  let at = lineEnd + 1
  while (at + 6 <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    if (at + 4 + length > bytes.length) return undefined
    if (bytes[at + 5] === KEXINIT) return bytes.subarray(at + 5, at + 4 + length - (bytes[at + 4] ?? 0))
    at += 4 + length
  }
  return undefined
}

/** The second name list after the cookie: server_host_key_algorithms. */
function hostKeyTypes(payload: Buffer): readonly HostKeyType[] {
  const kex = nameList(payload, 17)
  const hostKeys = kex && nameList(payload, kex.end)
  const types = (hostKeys?.names ?? []).map(typeOfAlgorithm).filter((type) => type !== undefined)
  return [...new Set(types)]
}

function nameList(payload: Buffer, at: number): { readonly names: readonly string[]; readonly end: number } | undefined {
  if (at + 4 > payload.length) return undefined
  const end = at + 4 + payload.readUInt32BE(at)
  return end > payload.length ? undefined : { names: payload.toString('latin1', at + 4, end).split(','), end }
}
