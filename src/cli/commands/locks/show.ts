import type { LeaseState } from '../../../node/lease.ts'
import { listLocks } from '../../../operations/locks/list.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { locksShowView } from '../../views/locks.ts'

export default class LocksShow extends AkctlCommand {
  static override summary = 'show who is at work on a node, or keeps it locked: since when, what for, until when'
  static override examples = ['<%= config.bin %> locks show mx1', '<%= config.bin %> locks show mx1 --json']
  static override args = { node: wordArg('name or id of a node') }
  static override flags = connectionFlags

  protected readonly view = locksShowView

  protected async perform(context: CliContext): Promise<Report<undefined, LeaseState>> {
    const { args } = await this.input(LocksShow, context)
    return { nodes: await listLocks(context, { names: [args.node] }, { concurrency: 1 }) }
  }
}
