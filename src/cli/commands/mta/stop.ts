import { changeNodes, reasonOf } from '../../../operations/mta/change.ts'
import { stopNode } from '../../../operations/mta/power.ts'
import type { ChangeResult } from '../../../operations/mta/results.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, foldFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { changeRunOf, nodesArg } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaChangeView } from '../../views/mta-change.ts'

export default class MtaStop extends AkctlCommand {
  static override summary = 'stop the MTA of nodes'
  static override examples = ['<%= config.bin %> mta stop mx1', '<%= config.bin %> mta stop -l role=relay -c 2 --max-fail 1']
  static override strict = false
  static override args = nodesArg
  static override flags = { ...selectionFlags, ...fanFlags(8), ...foldFlags, ...changeFlags, ...waveFlags, ...connectionFlags }

  protected readonly view = mtaChangeView('stop')

  protected async perform(context: CliContext): Promise<Report<undefined, ChangeResult>> {
    const { argv, flags } = await this.input(MtaStop, context)
    const run = changeRunOf(argv, flags, this.live(context))
    const options = { dryRun: run.dryRun, reason: reasonOf('stop', run.reason) }
    return { nodes: await changeNodes(context, 'stop', run, (session) => stopNode(session, options)) }
  }
}
