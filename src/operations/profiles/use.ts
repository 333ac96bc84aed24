import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { findProfile } from './find.ts'

/** Makes a profile the one that is used when none is named. @throws NotFoundError with the names that are near */
export async function useProfile(context: Context, name: string): Promise<ProfileInfo> {
  const found = await findProfile(context, name)
  await context.home().use(name)
  return { ...found, current: true }
}
