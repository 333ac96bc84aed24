import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { newUnlocking, type ProtectionWish } from '../secrets/choice.ts'
import { findProfile } from './find.ts'

/** A profile whose secrets have another protection now. */
export interface Protected extends ProfileInfo {
  /** What protected them before. */
  readonly before: ProfileInfo['secrets']
}

/**
 * Puts all secrets of a profile under another protection. What unlocks them now is needed, and is asked for first.
 * @param name undefined: the profile that commands would use now
 * @throws NotFoundError; UsageError where there are no secrets; and what unlocking them, and the wish, throws
 */
export async function protectProfile(context: Context, name: string | undefined, wish: ProtectionWish): Promise<Protected> {
  if (name !== undefined) await findProfile(context, name)
  const profile = name === undefined ? await context.profile() : await context.home().open(name)
  const { secrets: before } = await findProfile(context, profile.name)
  await profile.secrets.protect(() => newUnlocking(context, profile.name, wish))
  await journalChange(context, { verb: 'profiles protect', message: `${before} -> ${wish.kind}` }, profile)
  return { ...(await findProfile(context, profile.name)), before }
}
