import { NotFoundError, StoreError, UsageError } from '../../outcome/errors.ts'
import type { StoredKey } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { unknownKey } from './find.ts'
import { usersOf } from './list.ts'

/** A key that is gone. Of a damaged file nothing but its name is known. */
export type DeletedKey = Pick<StoredKey, 'name'> & Partial<Pick<StoredKey, 'type' | 'fingerprint'>>

/**
 * Deletes a key that no node needs.
 * @param consent asked before anything is deleted; rejects to stop
 * @throws NotFoundError; UsageError while nodes use it, naming them
 */
export async function deleteKey(
  context: Context,
  name: string,
  consent: (key: DeletedKey) => Promise<void>,
): Promise<DeletedKey> {
  const { keys } = await context.profile()
  const key = await readKey(context, name)
  const { nodes } = await (await context.profile()).read()
  const users = usersOf(name, nodes)
  if (users.length > 0) {
    throw new UsageError(`the key ${name} is in use by ${users.join(', ')}`, {
      hints: users.slice(0, 3).map((node) => `give the node another key: akctl nodes edit ${node} --key KEY (or --jump-key KEY)`),
    })
  }
  await consent(key)
  await keys.delete(name)
  await journalChange(context, { verb: 'keys delete', message: `${name} ${key.fingerprint ?? '(its file was damaged)'}` })
  return key
}

/** A damaged key must not be in the way of its own deletion. */
async function readKey(context: Context, name: string): Promise<DeletedKey> {
  const { keys } = await context.profile()
  try {
    const { type, fingerprint } = await keys.get(name)
    return { name, type, fingerprint }
  } catch (error) {
    if (error instanceof StoreError) return { name }
    if (error instanceof NotFoundError) throw unknownKey(name, await keys.list().catch(() => []))
    throw error
  }
}
