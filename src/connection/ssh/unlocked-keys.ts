import { createHash, createPrivateKey, sign as signBytes } from 'node:crypto'
import { type ParsedKey, utils } from 'ssh2'
import { FailedError, UnauthorizedError } from '../../outcome/errors.ts'
import type { KeyCredential } from './target.ts'

/** Digests a key type signs with when the protocol names none; null where the signature has its own (Ed25519). */
const DIGESTS: Readonly<Record<string, string | null>> = {
  'ssh-ed25519': null,
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
}

/**
 * Private keys made ready once and shared by the hosts of one run: decrypting a protected one costs 0.3 s, and a
 * passphrase is asked for once, not once a node. A failure is kept too: a wrong passphrase is wrong for all of them.
 */
export class UnlockedKeys {
  private readonly keys = new Map<string, Promise<ParsedKey>>()

  /** @throws UnauthorizedError when the passphrase is wrong or missing; FailedError when the file holds no key akctl can use */
  unlock(credential: KeyCredential): Promise<ParsedKey> {
    const id = createHash('sha256').update(credential.privateKey).digest('hex')
    const known = this.keys.get(id) ?? unlock(credential)
    this.keys.set(id, known)
    return known
  }
}

async function unlock({ name, privateKey, passphrase }: KeyCredential): Promise<ParsedKey> {
  const bytes = Buffer.from(privateKey)
  const plain: ParsedKey | Error = utils.parseKey(bytes)
  if (!(plain instanceof Error)) return usable(name, plain)
  if (!/no passphrase given/i.test(plain.message)) throw unreadable(name, plain)
  if (passphrase === undefined) {
    throw new UnauthorizedError(`the key ${name} is protected by a passphrase, and none was given`, {
      stage: 'login',
      hints: ['give --passphrase-file FILE, or load the key into an ssh-agent and let the node use that'],
    })
  }
  const opened: ParsedKey | Error = utils.parseKey(bytes, await passphrase())
  if (!(opened instanceof Error)) return usable(name, opened)
  throw new UnauthorizedError(`the passphrase of the key ${name} is wrong; nothing was sent to the server`, {
    stage: 'login',
    hints: [`try it on the file itself: ssh-keygen -y -f FILE`, `the cause in detail: ${opened.message}`],
  })
}

/** Not `unauthorized`: no server has refused anything. */
function unreadable(name: string, cause: Error): FailedError {
  return new FailedError(`the key ${name} is no private key that akctl can read: ${cause.message}`, {
    stage: 'login',
    hints: ['OpenSSH and PEM files of types ed25519, ecdsa and rsa are read; ssh-keygen -p -f FILE converts an older one'],
    cause,
  })
}

/**
 * The key with a signing of its own: ssh2 reads the key's text again for every signature (a sixth of a connection's
 * CPU), and would sign by SHA-1 for a server that offers nothing better.
 */
function usable(name: string, key: ParsedKey): ParsedKey {
  if (!key.isPrivateKey()) throw unreadable(name, new Error('it is a public key'))
  if (key.type !== 'ssh-rsa' && DIGESTS[key.type] === undefined) {
    throw unreadable(name, new Error(`keys of the type ${key.type} are not used`))
  }
  const secret = createPrivateKey(key.getPrivatePEM())
  const sign = (data: Buffer | string, digest?: string): Buffer | Error => {
    if (key.type === 'ssh-rsa' && digest !== 'sha256' && digest !== 'sha512')
      return new Error('the server takes RSA only with SHA-1')
    return signBytes(digest ?? DIGESTS[key.type], Buffer.from(data), secret)
  }
  // ssh2 takes an error as the answer, which its types don't say
  return Object.defineProperty(key, 'sign', { value: sign })
}
