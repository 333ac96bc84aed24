import { Secret } from '../../node/secret.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Unlocking } from '../../profile/secret-access.ts'
import type { Context } from '../context.ts'
import { readPassphraseFile } from '../passphrase.ts'

/** What shall protect secrets from now on. */
export type ProtectionWish =
  | { readonly kind: 'plain' }
  | { readonly kind: 'keyring' }
  /** Made where there is none. */
  | { readonly kind: 'key-file'; readonly file: string }
  /** Asked for twice where no file is named. */
  | { readonly kind: 'passphrase'; readonly file?: string }

/**
 * Makes a wish come true: makes the key, or asks for the passphrase.
 * @throws UsageError when it can't be made, nobody can be asked, or the keyring does not answer
 */
export async function newUnlocking(context: Context, profile: string, wish: ProtectionWish): Promise<Unlocking> {
  const { kind } = wish
  switch (kind) {
    case 'plain':
      context.warn(`the secrets of the profile ${profile} will not be encrypted: ${context.home().directory}`)
      return { kind }
    case 'keyring': {
      const { makeInKeyring } = await import('./keyring.ts')
      return { kind, ...(await makeInKeyring(context, profile)) }
    }
    case 'key-file': {
      const { makeKeyFile, readKeyFile } = await import('./key-file.ts')
      if (await makeKeyFile(wish.file)) context.note(`made the key file ${wish.file}: without it, no secret opens`)
      return { kind, key: await readKeyFile(wish.file) }
    }
    case 'passphrase':
      return { kind, passphrase: wish.file === undefined ? await askNew(context, profile) : await passphraseIn(wish.file) }
  }
}

/** The passphrase that a file holds. @throws UsageError when it can't be read, or holds none */
export async function passphraseIn(file: string): Promise<Secret> {
  return new Secret(await readPassphraseFile(file))
}

async function askNew({ prompter }: Context, profile: string): Promise<Secret> {
  if (!prompter.canAsk) {
    throw new UsageError(`nobody can be asked for a new passphrase for the secrets of the profile ${profile}`, {
      hints: ['give it in a file'],
    })
  }
  const first = await prompter.secret(`New passphrase for the secrets of the profile ${profile}`)
  if (first === '') throw new UsageError('a passphrase has at least one character; nothing was stored')
  if ((await prompter.secret('The same again')) !== first) throw new UsageError('the two passphrases differ; nothing was stored')
  return new Secret(first)
}
