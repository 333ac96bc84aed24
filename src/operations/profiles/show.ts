import type { ProfileInfo } from '../../profile/profile.ts'
import type { Settings } from '../../node/settings.ts'
import type { Context } from '../context.ts'
import { findProfile } from './find.ts'

/** What a profile holds. */
export interface ProfileDetails extends ProfileInfo {
  readonly keys: number
  /** Accepted identities. */
  readonly trusted: number
  /** The settings every node of the profile has unless it has its own. */
  readonly defaults: Settings
}

/**
 * A profile's contents, counted.
 * @param name undefined: the profile that commands would use now
 * @throws NotFoundError
 */
export async function showProfile(context: Context, name?: string): Promise<ProfileDetails> {
  if (name !== undefined) await findProfile(context, name)
  const profile = name === undefined ? await context.profile() : await context.home().open(name)
  const [info, { defaults }, keys, trusted] = await Promise.all([
    findProfile(context, profile.name),
    profile.read(),
    profile.keys.names(),
    profile.trust.list(),
  ])
  return { ...info, keys: keys.length, trusted: trusted.length, defaults }
}
