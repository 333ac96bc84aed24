import type { StoredKey } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { checkFree } from './create.ts'

export interface ForeignKey {
  readonly name: string
  /** The private key's file, OpenSSH or PEM. */
  readonly bytes: () => Promise<Uint8Array>
  /** Asked for only when the file is protected; undefined when nobody can be asked. */
  readonly passphrase: () => Promise<string | undefined>
}

/**
 * Takes a private key into the store.
 * @throws UsageError when the name is taken, the bytes are no private key, or the passphrase is missing or wrong
 */
export async function importKey(context: Context, wanted: ForeignKey): Promise<StoredKey> {
  const { keys } = await context.profile()
  await checkFree(context, wanted.name)
  const bytes = await wanted.bytes()
  const { readHeader } = await import('../../profile/key-file.ts')
  const passphrase = readHeader(bytes).encrypted ? await wanted.passphrase() : undefined
  const key = await keys.import(wanted.name, bytes, passphrase === undefined ? {} : { passphrase })
  await journalChange(context, { verb: 'keys import', message: `${wanted.name} ${key.fingerprint}` })
  return key
}
