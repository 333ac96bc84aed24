import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/**
 * Makes an empty profile.
 * @param options `use`: make it the profile in use as well
 * @throws UsageError when the name is taken or not allowed
 */
export async function createProfile(context: Context, name: string, options: { readonly use: boolean }): Promise<ProfileInfo> {
  const home = context.home()
  const made = await home.create(name)
  if (!options.use) return made
  await home.use(name)
  return { ...made, current: true }
}
