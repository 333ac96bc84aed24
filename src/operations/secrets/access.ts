import { Secret } from '../../node/secret.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { SecretAccess, Unlocking } from '../../profile/secret-access.ts'
import type { Context } from '../context.ts'
import { passphraseLine, readPassphraseFile } from '../passphrase.ts'

/**
 * For a long operation that ends with storing a secret: says at its beginning that nothing would protect it.
 * @throws UsageError
 */
export async function assertProtectable(context: Context): Promise<void> {
  const { run, env, prompter } = context
  const said = run.plaintext === true || run.secretsKeyFile !== undefined || run.passphraseFile !== undefined
  if (said || (env['AKCTL_PASSPHRASE'] ?? '') !== '' || prompter.canAsk) return
  const { name } = await context.profile()
  const found = (await context.home().list()).find((profile) => profile.name === name)
  if (found?.secrets === 'none') throw unprotected(name)
}

function unprotected(profile: string): UsageError {
  return new UsageError(`this is the first secret of the profile ${profile}, and nothing says what protects it`, {
    hints: [FLAGS],
  })
}

const FLAGS = 'give --secrets-key-file FILE (AKCTL_SECRETS_KEY_FILE), or --passphrase-file FILE, or set AKCTL_PASSPHRASE'

/** Unlocks a profile's secrets with what flags and environment name, else by asking. */
export class ContextSecretAccess implements SecretAccess {
  constructor(private readonly context: Context) {}

  async choose(profile: string): Promise<Unlocking> {
    const { plaintext, secretsKeyFile } = this.context.run
    if (plaintext === true) {
      this.context.warn(`the secrets of the profile ${profile} will not be encrypted: ${this.context.home().directory}`)
      return { kind: 'plain' }
    }
    if (secretsKeyFile !== undefined) {
      const { makeKeyFile } = await import('./key-file.ts')
      if (await makeKeyFile(secretsKeyFile)) this.context.note(`made the key file ${secretsKeyFile}: without it, no secret opens`)
      return { kind: 'key-file', key: await this.readKeyFile(secretsKeyFile) }
    }
    const given = await this.given()
    if (given !== undefined) return { kind: 'passphrase', passphrase: given }
    if (!this.context.prompter.canAsk) throw unprotected(profile)
    return { kind: 'passphrase', passphrase: await this.askNew(profile) }
  }

  async passphrase(profile: string): Promise<Secret> {
    const given = await this.given()
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
    if (file !== undefined) return this.readKeyFile(file)
    throw new UsageError(`the secrets of the profile ${profile} are protected by a key file`, {
      hints: ['give --secrets-key-file FILE, or set AKCTL_SECRETS_KEY_FILE'],
    })
  }

  private async readKeyFile(file: string): Promise<Uint8Array> {
    const { readKeyFile } = await import('./key-file.ts')
    return readKeyFile(file)
  }

  /** The passphrase that a file or the environment holds. */
  private async given(): Promise<Secret | undefined> {
    const { run, env } = this.context
    const file = run.passphraseFile
    if (file !== undefined) return new Secret(passphraseLine(await readPassphraseFile(file), file))
    const variable = env['AKCTL_PASSPHRASE'] ?? ''
    return variable === '' ? undefined : new Secret(variable)
  }

  private async askNew(profile: string): Promise<Secret> {
    const { prompter } = this.context
    const first = await prompter.secret(`New passphrase for the secrets of the profile ${profile}`)
    if (first === '') throw new UsageError('a passphrase has at least one character; nothing was stored', { hints: [FLAGS] })
    if ((await prompter.secret('The same again')) !== first)
      throw new UsageError('the two passphrases differ; nothing was stored')
    return new Secret(first)
  }
}
