import { createHash } from 'node:crypto'
import { UsageError } from '../outcome/errors.ts'

/** What a private key file shows without its passphrase. */
export interface KeyFileHeader {
  readonly encrypted: boolean
  /** The public key's bytes as SSH sends them; an encrypted PEM file does not show them. */
  readonly publicBlob?: Buffer
}

/** A public key in its SSH form. */
export interface PublicKey {
  readonly type: string
  readonly blob: Buffer
  readonly comment: string
}

const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\s([\s\S]+?)-----END OPENSSH PRIVATE KEY-----/
const MAGIC = 'openssh-key-v1\0'
const OLD_PEM = /^-----BEGIN (?:RSA|EC) PRIVATE KEY-----/

/** RSA keys below this are refused: NIST SP 800-57 part 1 allows 2048 bits and more. */
const RSA_BITS = 2048

/**
 * Reads what a private key file shows without a passphrase.
 * @throws UsageError when it is no private key that akctl can use, with the command that would make one of it
 */
export function readHeader(bytes: Uint8Array): KeyFileHeader {
  const text = Buffer.from(bytes).toString('latin1')
  const openssh = OPENSSH.exec(text)
  if (openssh?.[1] !== undefined) return opensshHeader(Buffer.from(openssh[1], 'base64'))
  if (OLD_PEM.test(text)) return { encrypted: /^Proc-Type: *4,ENCRYPTED/m.test(text) }
  throw notUsable(text)
}

function notUsable(text: string): UsageError {
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/.test(text)) {
    return new UsageError('the key is in PKCS #8 form, which SSH programs do not share', {
      hints: ['change the file to the OpenSSH form, then import it: ssh-keygen -p -f FILE'],
    })
  }
  if (text.startsWith('PuTTY-User-Key-File')) {
    return new UsageError("the key is in PuTTY's form", {
      hints: ['change it to the OpenSSH form: puttygen FILE -O private-openssh -o NEWFILE'],
    })
  }
  if (text.startsWith('-----BEGIN DSA')) return new UsageError('DSA keys are broken and not accepted', { hints: NEW_KEY })
  if (/^(?:ssh-|ecdsa-|---- BEGIN SSH2 PUBLIC)/.test(text)) {
    return new UsageError('this is a public key: give the private key file, which has the same name without .pub')
  }
  return new UsageError('this is no private key: give an OpenSSH or PEM private key file', { hints: NEW_KEY })
}

const NEW_KEY = ['to make a new key: akctl keys create NAME']

function opensshHeader(data: Buffer): KeyFileHeader {
  const damaged = new UsageError('the OpenSSH private key is damaged or cut short')
  if (data.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged
  const fields = new Fields(data, MAGIC.length)
  const cipher = fields.string()
  fields.string() // kdf
  fields.string() // its options
  const count = fields.number()
  const publicBlob = fields.string()
  const privatePart = fields.string()
  if (cipher === undefined || publicBlob === undefined || privatePart === undefined || count !== 1) throw damaged
  return { encrypted: cipher.toString('latin1') !== 'none', publicBlob }
}

/** The type a public key's bytes name. */
export function typeOf(blob: Buffer): string {
  return new Fields(blob, 0).string()?.toString('latin1') ?? ''
}

/**
 * @throws UsageError for a kind of key that akctl does not use
 */
export function checkKind(blob: Buffer): void {
  const type = typeOf(blob)
  if (type === 'ssh-ed25519' || /^ecdsa-sha2-nistp(256|384|521)$/.test(type)) return
  if (type.startsWith('sk-')) {
    throw new UsageError(`the key (${type}) needs its hardware token: use it by way of the ssh-agent`, {
      hints: ['akctl nodes edit NODE --key agent'],
    })
  }
  if (type !== 'ssh-rsa') throw new UsageError(`keys of type ${type} are not accepted`, { hints: NEW_KEY })
  const bits = rsaBits(blob)
  if (bits < RSA_BITS) throw new UsageError(`the RSA key has ${bits} bits: ${RSA_BITS} is the least`, { hints: NEW_KEY })
}

function rsaBits(blob: Buffer): number {
  const fields = new Fields(blob, 0)
  fields.string() // type
  fields.string() // exponent
  const modulus = fields.string()?.toString('hex').replace(/^0+/, '') ?? ''
  return modulus === '' ? 0 : (modulus.length - 1) * 4 + Number.parseInt(modulus[0] ?? '0', 16).toString(2).length
}

/** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The one line for authorized_keys; control characters of a comment are dropped. */
export function publicLine({ type, blob, comment }: PublicKey): string {
  return `${type} ${blob.toString('base64')} ${plain(comment)}`.trimEnd()
}

/** The public key of an authorized_keys line, or undefined when it is none. */
export function parsePublicLine(text: string): PublicKey | undefined {
  const [, type, base64, comment = ''] = /^(\S+) ([A-Za-z0-9+/]+=*)(?: (.*))?$/.exec(text.trim()) ?? []
  if (type === undefined || base64 === undefined) return undefined
  const blob = Buffer.from(base64, 'base64')
  return typeOf(blob) === type ? { type, blob, comment: plain(comment) } : undefined
}

/** A comment on one line, without what must not reach authorized_keys or a terminal. */
export function plain(comment: string): string {
  return comment.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
}

/** Reads SSH's length-prefixed fields; undefined past the end. */
class Fields {
  constructor(
    private readonly data: Buffer,
    private at: number,
  ) {}

  number(): number | undefined {
    if (this.at + 4 > this.data.length) return undefined
    this.at += 4
    return this.data.readUInt32BE(this.at - 4)
  }

  string(): Buffer | undefined {
    const length = this.number()
    if (length === undefined || this.at + length > this.data.length) return undefined
    this.at += length
    return this.data.subarray(this.at - length, this.at)
  }
}
