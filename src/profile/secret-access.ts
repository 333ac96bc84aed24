import type { Secret } from '../node/secret.ts'
import { UsageError } from '../outcome/errors.ts'

/** How a profile's secrets are protected on disk; `none` while there are none. */
export const SECRET_PROTECTIONS = ['none', 'passphrase', 'key-file', 'keyring', 'plain'] as const
export type SecretProtection = (typeof SECRET_PROTECTIONS)[number]

/** What protects a profile's secrets from its first one on. */
export type Unlocking =
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }
  /** The 32 bytes of a key file. */
  | { readonly kind: 'key-file'; readonly key: Uint8Array }
  /** The 32 bytes that an entry of the keyring holds. */
  | { readonly kind: 'keyring'; readonly entry: string; readonly key: Uint8Array }
  | { readonly kind: 'plain' }

/** Who knows what unlocks secrets; handed in, as the store asks nobody itself. Asked at the first need, once a run. */
export interface SecretAccess {
  /** What shall protect the first secret of a profile. @throws UsageError when nobody says */
  choose(profile: string): Promise<Unlocking>
  /** @throws UsageError when nobody says it */
  passphrase(profile: string): Promise<Secret>
  /** The 32 bytes of the key file. @throws UsageError when none is named, or it is no key file */
  keyFile(profile: string): Promise<Uint8Array>
  /**
   * The 32 bytes of an entry of the operating system's keyring.
   * @returns undefined when it has no such entry
   * @throws UsageError when it does not answer, or is locked
   */
  keyring(profile: string, entry: string): Promise<Uint8Array | undefined>
  /** Removes an entry of the keyring that unlocks nothing any longer; what fails there is at most a warning. */
  dropFromKeyring(entry: string): Promise<void>
}

/** For a store that is opened without anybody who could unlock secrets. */
export class NoSecretAccess implements SecretAccess {
  choose(profile: string): Promise<never> {
    return Promise.reject(new UsageError(`nothing is at hand that unlocks the secrets of the profile ${profile}`))
  }

  passphrase(profile: string): Promise<never> {
    return this.choose(profile)
  }

  keyFile(profile: string): Promise<never> {
    return this.choose(profile)
  }

  keyring(profile: string): Promise<never> {
    return this.choose(profile)
  }

  /** Nothing opens without its head: an entry that is left behind gives nothing away. */
  dropFromKeyring(): Promise<void> {
    return Promise.resolve()
  }
}
