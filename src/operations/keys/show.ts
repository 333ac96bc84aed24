import type { Context } from '../context.ts'
import { unknownKey } from './find.ts'
import { type KeyUse, usersOf } from './list.ts'

/** One stored key, public part only. @throws NotFoundError with the names that are near; StoreError for a damaged file */
export async function showKey(context: Context, name: string): Promise<KeyUse> {
  const profile = await context.profile()
  const names = await profile.keys.names()
  if (!names.includes(name)) throw unknownKey(name, names)
  const [key, { nodes }] = await Promise.all([profile.keys.get(name), profile.read()])
  return { ...key, usedBy: usersOf(name, nodes) }
}
