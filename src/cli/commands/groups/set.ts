import { UsageError } from '../../../outcome/errors.ts'
import type { GroupMembers } from '../../../operations/groups/groups.ts'
import { setGroup } from '../../../operations/groups/set.ts'
import { optionalArg, wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { groupView } from '../../views/groups.ts'

export default class GroupsSet extends AkctlCommand {
  static override summary = 'make a group of nodes, or give it other nodes'
  static override description =
    'The group keeps the set as typed: a group of groups follows them. Every node must be there. Select it by @NAME.'
  static override examples = [
    "<%= config.bin %> groups set relays 'mx[01-40]'",
    "<%= config.bin %> groups set prod '@relays!mx07' bulk1",
  ]
  static override strict = false
  static override args = { name: wordArg('name of the group'), set: optionalArg('node sets') }

  protected readonly view = groupView('groups.set/1', 'set')

  protected async perform(context: CliContext): Promise<Report<GroupMembers>> {
    const { args, argv } = await this.input(GroupsSet, context)
    const sets = argv.slice(1).map(String)
    if (sets.length > 0) return { data: await setGroup(context, args.name, sets) }
    throw new UsageError(`which nodes are to be in ${args.name}?`, {
      hints: [
        `akctl groups set ${args.name} 'mx[01-40]'`,
        `or none, by '': akctl groups set ${args.name} ''`,
        `or forget it: akctl groups delete ${args.name}`,
      ],
    })
  }
}
