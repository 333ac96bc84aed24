import type { NodeRecord } from '../../node/record.ts'
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
  const profile = await context.profile()
  const key = await readKey(context, name)
  refuseUsed(name, (await profile.read()).nodes)
  await consent(key)
  await profile.update(async (data) => {
    refuseUsed(name, data.nodes) // a node may have taken it while the user was asked
    await profile.keys.delete(name)
    return { data, result: undefined }
  })
  await journalChange(context, { verb: 'keys delete', message: `${name} ${key.fingerprint ?? '(its file was damaged)'}` })
  return key
}

function refuseUsed(name: string, nodes: readonly NodeRecord[]): void {
  const users = usersOf(name, nodes)
  if (users.length === 0) return
  throw new UsageError(`the key ${name} is in use by ${users.join(', ')}`, {
    hints: users.slice(0, 3).map((node) => `give the node another key: akctl nodes edit ${node} --key KEY (or --jump-key KEY)`),
  })
}

/** A damaged key must not be in the way of its own deletion. */
async function readKey(context: Context, name: string): Promise<DeletedKey> {
  const { keys } = await context.profile()
  try {
    const { type, fingerprint } = await keys.get(name)
    return { name, type, fingerprint }
  } catch (error) {
    if (error instanceof StoreError) return { name }
    if (error instanceof NotFoundError) throw unknownKey(name, await keys.names())
    throw error
  }
}
