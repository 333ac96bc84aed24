import * as Flags from '@oclif/core/flags'
import { deleteProfile } from '../../../operations/profiles/delete.ts'
import type { ProfileInfo } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import { consentByName } from '../../consent.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { profilesDeleteView } from '../../views/profiles.ts'

export default class ProfilesDelete extends AkctlCommand {
  static override summary = 'delete a profile with its nodes, keys and journal; nothing is done on any server'
  static override examples = ['<%= config.bin %> profiles delete staging --yes']
  static override args = { name: wordArg('name of a profile that is not in use') }
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'do not ask' }) }

  protected readonly view = profilesDeleteView

  protected async perform(context: CliContext): Promise<Report<ProfileInfo>> {
    const { args, flags } = await this.input(ProfilesDelete, context)
    const consent = ({ name, nodes }: ProfileInfo): Promise<void> =>
      consentByName(
        context,
        `the profile ${name} with ${nodes === 1 ? 'its node' : `its ${nodes} nodes`} and all its keys`,
        name,
        flags.yes,
      )
    return { data: await deleteProfile(context, args.name, consent) }
  }
}
