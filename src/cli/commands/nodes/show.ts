import * as Flags from '@oclif/core/flags'
import { type NodeDetails, showNode } from '../../../operations/nodes/show.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { nodesShowView } from '../../views/nodes-show.ts'

export default class NodesShow extends AkctlCommand {
  static override summary = 'show everything on one node: record, settings and their origin, accepted identities, state'
  static override description =
    'The node is asked how it is; when it does not answer, the reason is shown and the exit code stays 0.'
  static override examples = ['<%= config.bin %> nodes show mx1', '<%= config.bin %> nodes show mx1 --no-status --json']
  static override hiddenAliases = ['node:show']
  static override args = { node: wordArg('name or id of a node') }
  static override flags = {
    status: Flags.boolean({ summary: 'ask the node how it is', default: true, allowNo: true }),
    ...connectionFlags,
  }

  protected readonly view = nodesShowView

  protected async perform(context: CliContext): Promise<Report<NodeDetails>> {
    const { args, flags } = await this.input(NodesShow, context)
    return { data: await showNode(context, args.node, flags.status) }
  }
}
