import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { findProfile } from './find.ts'

/**
 * Deletes a profile with all it holds: nodes, keys, accepted identities, journal. Nothing is done on any server. That it was
 * deleted is in the journal of the profile that commands use now.
 * @param consent asked before anything is deleted; rejects to stop
 * @throws NotFoundError, or UsageError for the profile in use
 */
export async function deleteProfile(
  context: Context,
  name: string,
  consent: (profile: ProfileInfo) => Promise<void>,
): Promise<ProfileInfo> {
  const found = await findProfile(context, name)
  await consent(found)
  await context.home().delete(name)
  const nodes = found.nodes === 1 ? '1 node' : `${found.nodes} nodes`
  await journalChange(context, { verb: 'profiles delete', message: `${name}, with ${nodes}` })
  return found
}
