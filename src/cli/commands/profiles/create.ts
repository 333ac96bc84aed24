import * as Flags from '@oclif/core/flags'
import { createProfile } from '../../../operations/profiles/create.ts'
import type { ProfileInfo } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { profilesCreateView } from '../../views/profiles.ts'

export default class ProfilesCreate extends AkctlCommand {
  static override summary = 'make an empty profile'
  static override examples = ['<%= config.bin %> profiles create staging', '<%= config.bin %> profiles create prod --use']
  static override args = { name: wordArg('name of the new profile') }
  static override flags = { use: Flags.boolean({ summary: 'make it the profile in use' }) }

  protected readonly view = profilesCreateView

  protected async perform(context: CliContext): Promise<Report<ProfileInfo>> {
    const { args, flags } = await this.input(ProfilesCreate, context)
    return { data: await createProfile(context, args.name, { use: flags.use }) }
  }
}
