import { listProfiles } from '../../../operations/profiles/list.ts'
import type { ProfileInfo } from '../../../profile/profile.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { profilesListView } from '../../views/profiles.ts'

export default class ProfilesList extends AkctlCommand {
  static override summary = 'list profiles: each is one fleet with its nodes, keys and accepted identities'
  static override examples = ['<%= config.bin %> profiles list', '<%= config.bin %> profiles list -o name']

  protected readonly view = profilesListView

  protected async perform(context: CliContext): Promise<Report<readonly ProfileInfo[]>> {
    await this.input(ProfilesList, context)
    return { data: await listProfiles(context) }
  }
}
