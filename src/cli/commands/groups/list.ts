import { type GroupMembers, listGroups } from '../../../operations/groups/groups.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { groupsListView } from '../../views/groups.ts'

export default class GroupsList extends AkctlCommand {
  static override summary = 'list groups of nodes, and what they hold'
  static override examples = ['<%= config.bin %> groups list', '<%= config.bin %> groups list --json']

  protected readonly view = groupsListView

  protected async perform(context: CliContext): Promise<Report<readonly GroupMembers[]>> {
    await this.input(GroupsList, context)
    return { data: await listGroups(context) }
  }
}
