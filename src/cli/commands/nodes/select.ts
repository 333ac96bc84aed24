import * as Flags from '@oclif/core/flags'
import type { NodeRecord } from '../../../node/record.ts'
import { selectOnly } from '../../../operations/nodes/select.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { nodesSelectView } from '../../views/nodes-select.ts'

export default class NodesSelect extends AkctlCommand {
  static override summary = 'print which nodes a selection means; none is asked'
  static override description =
    "Every verb takes the same sets: 'mx[01-40]' and 'mx[01-40/2]' (zeros are kept), @group, @file:PATH (a set a line), - (stdin), and between them , (both together) ! (without) & (in both) ^ (in one of them), from left to right. Quote them: the shell has its own meaning for these."
  static override examples = [
    "<%= config.bin %> nodes select 'mx[01-40]!mx07'",
    "<%= config.bin %> nodes select '@prod&@relays' --fold",
    "<%= config.bin %> nodes select -l 'role=relay,env in (prod,test)' --pick 3",
  ]
  static override hiddenAliases = ['node:select']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    fold: Flags.boolean({ summary: 'as one node set: mx[01-38,40]', default: false }),
  }

  protected view = nodesSelectView(false)

  protected async perform(context: CliContext): Promise<Report<readonly NodeRecord[]>> {
    const { argv, flags } = await this.input(NodesSelect, context)
    this.view = nodesSelectView(flags.fold)
    return { data: await selectOnly(context, selectionOf(argv, flags)) }
  }
}
