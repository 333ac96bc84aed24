import { Flags } from '@oclif/core'
import type { Context } from '../../../operations/context.ts'
import { AkctlCommand } from '../../command.ts'
import { connectionFlags, fanFlags, selectionFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { nodesListView } from '../../views/nodes-list.ts'
import type { NodeRecord } from '../../../node/record.ts'

export default class NodesList extends AkctlCommand {
  static override summary = 'list nodes with their status'
  static override hiddenAliases = ['node:list']
  static override strict = false
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...connectionFlags,
    status: Flags.boolean({ summary: 'ask the nodes for their status', default: true, allowNo: true }),
  }

  protected readonly view = nodesListView

  protected async perform(context: Context): Promise<Report<readonly NodeRecord[]>> {
    await this.input(NodesList, context)
    const { nodes } = await (await context.profile()).read()
    return { data: nodes }
  }
}
