import type { LeaseState } from '../../../node/lease.ts'
import { listLocks } from '../../../operations/locks/list.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { locksListView } from '../../views/locks.ts'

export default class LocksList extends AkctlCommand {
  static override summary = 'list the nodes that somebody is at work on, or keeps locked; all are asked when none is named'
  static override examples = ['<%= config.bin %> locks list', '<%= config.bin %> locks list -l role=relay --json']
  static override strict = false
  static override args = nodesArg
  static override flags = { ...selectionFlags, ...fanFlags(64), ...connectionFlags }

  protected readonly view = locksListView

  protected async perform(context: CliContext): Promise<Report<undefined, LeaseState>> {
    const { argv, flags } = await this.input(LocksList, context)
    return { nodes: await listLocks(context, selectionOf(argv, flags), widthOf(flags)) }
  }
}
