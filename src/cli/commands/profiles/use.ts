import { useProfile } from '../../../operations/profiles/use.ts'
import type { ProfileInfo } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { profilesUseView } from '../../views/profiles.ts'

export default class ProfilesUse extends AkctlCommand {
  static override summary = 'choose the profile that is used when none is named'
  static override description = '--profile and AKCTL_PROFILE win over it.'
  static override examples = ['<%= config.bin %> profiles use prod']
  static override args = { name: wordArg('name of a profile') }

  protected readonly view = profilesUseView

  protected async perform(context: CliContext): Promise<Report<ProfileInfo>> {
    const { args } = await this.input(ProfilesUse, context)
    return { data: await useProfile(context, args.name) }
  }
}
