import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** Every profile of this home. */
export function listProfiles(context: Context): Promise<readonly ProfileInfo[]> {
  return context.home().list()
}
