import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { useProfile } from './use.ts'

/**
 * Makes an empty profile. The journal of the profile that commands use now says so.
 * @param options `use`: make it the profile in use as well
 * @throws UsageError when the name is taken or not allowed
 */
export async function createProfile(context: Context, name: string, options: { readonly use: boolean }): Promise<ProfileInfo> {
  const made = await context.home().create(name)
  await journalChange(context, { verb: 'profiles create', message: name })
  return options.use ? useProfile(context, name) : made
}
