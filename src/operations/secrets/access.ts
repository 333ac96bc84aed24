import { Secret } from '../../node/secret.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { SecretAccess, Unlocking } from '../../profile/secret-access.ts'
import type { Context, RunSettings } from '../context.ts'
import { newUnlocking, type ProtectionWish, passphraseIn } from './choice.ts'

/**
 * For a long operation that ends with storing a secret: says at its beginning that nothing would protect it.
 * @throws UsageError
 */
export async function assertProtectable(context: Context): Promise<void> {
  const { run, env, prompter } = context
  if (wishOf(run) !== undefined || passphraseOf(env) !== undefined || prompter.canAsk) return
  const { name } = await context.profile()
  const found = (await context.home().list()).find((profile) => profile.name === name)
  if (found?.secrets === 'none') throw unprotected(name)
}

function unprotected(profile: string): UsageError {
  return new UsageError(`this is the first secret of the profile ${profile}, and nothing says what protects it`, {
    hints: [FLAGS],
  })
}

const FLAGS =
  'give --secrets-key-file FILE (AKCTL_SECRETS_KEY_FILE), or --passphrase-file FILE, or set AKCTL_PASSPHRASE, or give --keyring'

/** What flags ask for; those without a variable win over those that may have one. */
function wishOf({ plaintext, keyring, secretsKeyFile, passphraseFile }: RunSettings): ProtectionWish | undefined {
  if (plaintext === true) return { kind: 'plain' }
  if (keyring === true) return { kind: 'keyring' }
  if (secretsKeyFile !== undefined) return { kind: 'key-file', file: secretsKeyFile }
  return passphraseFile === undefined ? undefined : { kind: 'passphrase', file: passphraseFile }
}

function passphraseOf(env: Context['env']): Secret | undefined {
  const text = env['AKCTL_PASSPHRASE'] ?? ''
  return text === '' ? undefined : new Secret(text)
}

/** Unlocks a profile's secrets with what flags and environment name, else by asking. */
export class ContextSecretAccess implements SecretAccess {
  constructor(private readonly context: Context) {}

  async choose(profile: string): Promise<Unlocking> {
    const { run, env, prompter } = this.context
    const wish = wishOf(run)
    const passphrase = passphraseOf(env)
    if (wish === undefined && passphrase !== undefined) return { kind: 'passphrase', passphrase }
    if (wish === undefined && !prompter.canAsk) throw unprotected(profile)
    return newUnlocking(this.context, profile, wish ?? { kind: 'passphrase' })
  }

  async passphrase(profile: string): Promise<Secret> {
    const { passphraseFile } = this.context.run
    const given = passphraseFile === undefined ? passphraseOf(this.context.env) : await passphraseIn(passphraseFile)
    if (given !== undefined) return given
    if (this.context.prompter.canAsk) {
      return new Secret(await this.context.prompter.secret(`Passphrase of the secrets of the profile ${profile}`))
    }
    throw new UsageError(`the secrets of the profile ${profile} are protected by a passphrase`, {
      hints: ['give --passphrase-file FILE, or set AKCTL_PASSPHRASE'],
    })
  }

  async keyFile(profile: string): Promise<Uint8Array> {
    const file = this.context.run.secretsKeyFile
    if (file !== undefined) {
      const { readKeyFile } = await import('./key-file.ts')
      return readKeyFile(file)
    }
    throw new UsageError(`the secrets of the profile ${profile} are protected by a key file`, {
      hints: ['give --secrets-key-file FILE, or set AKCTL_SECRETS_KEY_FILE'],
    })
  }

  async keyring(profile: string, entry: string): Promise<Uint8Array | undefined> {
    const { readFromKeyring } = await import('./keyring.ts')
    return readFromKeyring(this.context, profile, entry)
  }

  async dropFromKeyring(entry: string): Promise<void> {
    const { removeFromKeyring } = await import('./keyring.ts')
    await removeFromKeyring(this.context, entry).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      this.context.warn(`a key that unlocks nothing any longer stays in the keyring (akctl: secrets of …): ${why}`)
    })
  }
}
