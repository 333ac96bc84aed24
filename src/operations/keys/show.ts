import type { Context } from '../context.ts'
import { unknownKey } from './find.ts'
import { type KeyUse, listKeys } from './list.ts'

/** One stored key, public part only. @throws NotFoundError with the names that are near */
export async function showKey(context: Context, name: string): Promise<KeyUse> {
  const keys = await listKeys(context)
  const key = keys.find((each) => each.name === name)
  if (key === undefined) throw unknownKey(name, keys)
  return key
}
