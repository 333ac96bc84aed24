import * as Flags from '@oclif/core/flags'
import { type ListedNode, listNodes } from '../../../operations/nodes/list.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { nodesListView } from '../../views/nodes-list.ts'

export default class NodesList extends AkctlCommand {
  static override summary = 'list nodes with their status'
  static override description =
    'All nodes when none is named. The nodes are asked unless --no-status is given; one that does not answer is listed with the reason as its status, and the exit code stays 0.'
  static override examples = [
    '<%= config.bin %> nodes list',
    "<%= config.bin %> nodes list -l 'role=relay,env!=prod' --no-status",
    '<%= config.bin %> nodes list --json',
  ]
  static override hiddenAliases = ['node:list']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...connectionFlags,
    status: Flags.boolean({ summary: 'ask the nodes for their status', default: true, allowNo: true }),
  }

  protected readonly view = nodesListView

  protected async perform(context: CliContext): Promise<Report<readonly ListedNode[]>> {
    const { argv, flags } = await this.input(NodesList, context)
    return { data: await listNodes(context, selectionOf(argv, flags), flags.status ? flags.concurrency : undefined) }
  }
}
