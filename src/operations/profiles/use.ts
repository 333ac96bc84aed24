import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { findProfile } from './find.ts'

/**
 * Makes a profile the one that is used when none is named. Its own journal says so, and which one it was before.
 * @throws NotFoundError with the names that are near
 */
export async function useProfile(context: Context, name: string): Promise<ProfileInfo> {
  const home = context.home()
  const found = await findProfile(context, name)
  if (found.current) return found
  const before = (await home.list()).find(({ current }) => current)?.name ?? '-'
  await home.use(name)
  await journalChange(context, { verb: 'profiles use', message: `${before} -> ${name}` }, await home.open(name))
  return { ...found, current: true }
}
