import type { ParsedKey, utils as Ssh2Utils } from 'ssh2'
import { UsageError } from '../outcome/errors.ts'
import { type PublicKey, checkKind, plain, readHeader } from './key-file.ts'

/** bcrypt rounds of a passphrase: twice those of ssh-keygen, about half a second at each use. */
const ROUNDS = 32

/** A key ready to be stored. */
export interface MadeKey {
  readonly file: Buffer
  readonly key: PublicKey
  readonly encrypted: boolean
}

/**
 * A new ed25519 key as an OpenSSH file, tried before it is handed out: ssh2 cuts off a zero byte at the beginning of a
 * public key, so that one of some 200 keys it makes can't be used.
 * @throws UsageError for an empty passphrase
 */
export async function generateKey(options: { readonly passphrase?: string; readonly comment: string }): Promise<MadeKey> {
  const { passphrase } = options
  const comment = plain(options.comment)
  if (passphrase === '') throw new UsageError('the passphrase is empty: give one, or none at all')
  const lock = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: ROUNDS }
  const { utils } = await ssh2()
  for (;;) {
    const file = Buffer.from(utils.generateKeyPairSync('ed25519', { comment, ...lock }).private)
    const parsed = parse(utils, file, passphrase)
    if (!(parsed instanceof Error) && works(parsed)) return { file, key: publicOf(parsed), encrypted: passphrase !== undefined }
  }
}

/**
 * A private key file, once it is known to be usable. It stays as it is but for its line ends, which OpenSSH insists on;
 * an encrypted one stays encrypted.
 * @throws UsageError when it is no key, one of a refused kind, or its passphrase is missing or wrong
 */
export async function readKey(bytes: Uint8Array, passphrase?: string): Promise<MadeKey> {
  const file = Buffer.from(`${Buffer.from(bytes).toString('latin1').replace(/\r\n?/g, '\n').trim()}\n`, 'latin1')
  const { encrypted, publicBlob } = readHeader(file)
  if (publicBlob !== undefined) checkKind(publicBlob)
  if (encrypted && (passphrase === undefined || passphrase === '')) {
    throw new UsageError('the key is protected by a passphrase', {
      hints: ['give --passphrase-file FILE, or set AKCTL_PASSPHRASE'],
    })
  }
  const { utils } = await ssh2()
  const parsed = parse(utils, file, encrypted ? passphrase : undefined)
  if (parsed instanceof Error || !works(parsed)) throw refusal(encrypted, parsed)
  const key = publicOf(parsed)
  // What the file shows without its passphrase is what akctl will list it by, and ssh2 does not look at it.
  if (publicBlob?.equals(key.blob) === false) throw refusal(encrypted, parsed)
  checkKind(key.blob)
  return { file, key, encrypted }
}

function refusal(encrypted: boolean, parsed: ParsedKey | Error): UsageError {
  const cause = parsed instanceof Error ? { cause: parsed } : {}
  if (parsed instanceof Error && /unsupported|not supported/i.test(parsed.message)) {
    return new UsageError(`the key can't be read: ${parsed.message}`, {
      hints: ['change it to a form that can: ssh-keygen -p -Z aes256-ctr -f FILE'],
      ...cause,
    })
  }
  return encrypted
    ? new UsageError('the passphrase is wrong, or the key is damaged', { hints: ['try it: ssh-keygen -y -f FILE'], ...cause })
    : new UsageError('the private key is damaged', { hints: ['try it: ssh-keygen -y -f FILE'], ...cause })
}

type Utils = typeof Ssh2Utils

/** Loaded when a key is made or read, which few commands do. */
async function ssh2(): Promise<{ readonly utils: Utils }> {
  return (await import('ssh2')).default
}

/** ssh2 returns some errors and throws others. */
function parse(utils: Utils, file: Buffer, passphrase: string | undefined): ParsedKey | Error {
  try {
    return utils.parseKey(file, passphrase)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Whether the private part belongs to the public one: a signature made with one is accepted by the other. */
function works(key: ParsedKey): boolean {
  const probe = Buffer.from('akctl')
  try {
    return key.verify(probe, key.sign(probe))
  } catch {
    return false
  }
}

function publicOf(key: ParsedKey): PublicKey {
  return { type: key.type, blob: key.getPublicSSH(), comment: plain(key.comment) }
}
