import { type ProfileDetails, showProfile } from '../../../operations/profiles/show.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { profilesShowView } from '../../views/profiles.ts'

export default class ProfilesShow extends AkctlCommand {
  static override summary = 'show what a profile holds'
  static override examples = ['<%= config.bin %> profiles show', '<%= config.bin %> profiles show prod --json']
  static override args = { name: optionalArg('name of a profile; the one in use when left out') }

  protected readonly view = profilesShowView

  protected async perform(context: CliContext): Promise<Report<ProfileDetails>> {
    const { args } = await this.input(ProfilesShow, context)
    return { data: await showProfile(context, args.name) }
  }
}
