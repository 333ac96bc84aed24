import { deleteGroup } from '../../../operations/groups/delete.ts'
import type { NodeGroup } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { groupView } from '../../views/groups.ts'

export default class GroupsDelete extends AkctlCommand {
  static override summary = 'forget a group; its nodes stay'
  static override examples = ['<%= config.bin %> groups delete relays']
  static override args = { name: wordArg('name of a group') }

  protected readonly view = groupView('groups.delete/1', 'deleted')

  protected async perform(context: CliContext): Promise<Report<NodeGroup>> {
    const { args } = await this.input(GroupsDelete, context)
    return { data: await deleteGroup(context, args.name) }
  }
}
