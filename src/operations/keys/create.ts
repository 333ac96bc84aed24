import { checkName } from '../../node/names.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { StoredKey } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'

export interface NewKey {
  readonly name: string
  /** Default: `akctl NAME`, and who made it. */
  readonly comment?: string
  /** Asked for only once it is known that the key can be made; undefined leaves the key unprotected. */
  readonly passphrase: () => Promise<string | undefined>
}

/** Makes an ed25519 key. @throws UsageError when the name is taken or not allowed */
export async function createKey(context: Context, wanted: NewKey): Promise<StoredKey> {
  const { name, comment = `akctl ${name} ${context.operator}` } = wanted
  const { keys } = await context.profile()
  await checkFree(context, name)
  if (/[\u0000-\u001f\u007f]/.test(comment)) throw new UsageError('the comment of a key is one line without control characters')
  const passphrase = await wanted.passphrase()
  const key = await keys.create(name, { comment, ...(passphrase === undefined ? {} : { passphrase }) })
  await journalChange(context, { verb: 'keys create', message: `${name} ${key.fingerprint}` })
  return key
}

/** @throws UsageError when a key of this name exists, or the name is none */
export async function checkFree(context: Context, name: string): Promise<void> {
  checkName('key', name)
  const { keys } = await context.profile()
  if ((await keys.names()).includes(name)) {
    throw new UsageError(`there is a key ${name} already`, {
      hints: [`see it: akctl keys show ${name}`, `or take another name`],
    })
  }
}
