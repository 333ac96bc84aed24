import { nearNames } from '../../node/near.ts'
import { NotFoundError } from '../../outcome/errors.ts'
import type { ProfileInfo } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** The profile of a name. @throws NotFoundError with the names that are near */
export async function findProfile(context: Context, name: string): Promise<ProfileInfo> {
  const all = await context.home().list()
  const found = all.find((profile) => profile.name === name)
  if (found !== undefined) return found
  const names = all.map((profile) => profile.name)
  throw new NotFoundError(`no such profile: ${name}`, {
    hints: [...nearNames(name, names).map((near) => `did you mean ${near}?`), 'akctl profiles list shows them all'],
  })
}
