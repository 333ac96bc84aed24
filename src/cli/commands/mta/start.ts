import * as Flags from '@oclif/core/flags'
import { changeNodes, reasonOf } from '../../../operations/mta/change.ts'
import { startNode } from '../../../operations/mta/power.ts'
import type { ChangeResult } from '../../../operations/mta/results.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, foldFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { changeRunOf, nodesArg } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaChangeView } from '../../views/mta-change.ts'

export default class MtaStart extends AkctlCommand {
  static override summary = 'start the MTA of nodes, with their settings told to them first'
  static override examples = ['<%= config.bin %> mta start mx1', '<%= config.bin %> mta start --all --no-sync --yes']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    ...foldFlags,
    ...changeFlags,
    ...waveFlags,
    ...connectionFlags,
    sync: Flags.boolean({ summary: 'tell the node its settings first', default: true, allowNo: true, helpGroup: 'CHANGE' }),
  }

  protected readonly view = mtaChangeView('start')

  protected async perform(context: CliContext): Promise<Report<undefined, ChangeResult>> {
    const { argv, flags } = await this.input(MtaStart, context)
    const run = changeRunOf(argv, flags, this.live(context))
    const options = { sync: flags.sync, dryRun: run.dryRun, reason: reasonOf('start', run.reason) }
    return { nodes: await changeNodes(context, 'start', run, (session) => startNode(session, options)) }
  }
}
