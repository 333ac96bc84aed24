import type { Secret } from '../../src/node/secret.ts'
import type { SecretAccess, Unlocking } from '../../src/profile/secret-access.ts'

/** Knows one thing that unlocks secrets, counts how often it is asked, and notes what is no longer needed in a keyring. */
export class OneAccess implements SecretAccess {
  asked = 0
  readonly dropped: string[] = []

  constructor(private readonly by: Unlocking) {}

  choose(): Promise<Unlocking> {
    this.asked++
    return Promise.resolve(this.by)
  }

  passphrase(): Promise<Secret> {
    this.asked++
    return this.by.kind === 'passphrase' ? Promise.resolve(this.by.passphrase) : Promise.reject(new Error('no passphrase'))
  }

  keyFile(): Promise<Uint8Array> {
    this.asked++
    return this.by.kind === 'key-file' ? Promise.resolve(this.by.key) : Promise.reject(new Error('no key file'))
  }

  keyring(_profile: string, entry: string): Promise<Uint8Array | undefined> {
    this.asked++
    return Promise.resolve(this.by.kind === 'keyring' && this.by.entry === entry ? this.by.key : undefined)
  }

  dropFromKeyring(entry: string): Promise<void> {
    this.dropped.push(entry)
    return Promise.resolve()
  }
}
