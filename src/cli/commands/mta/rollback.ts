import * as Flags from '@oclif/core/flags'
import { changeNodes, reasonOf } from '../../../operations/mta/change.ts'
import type { ChangeResult } from '../../../operations/mta/results.ts'
import { rollbackNode } from '../../../operations/mta/rollback.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, foldFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { changeRunOf, nodesArg } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaChangeView } from '../../views/mta-change.ts'

export default class MtaRollback extends AkctlCommand {
  static override summary = 'make an earlier revision of nodes the current one again'
  static override description =
    "A node that somebody else changed is a conflict (exit 8). The settings of the profile stay as they are: take over what the node has then by `settings pull`, or tell it the profile's again by `mta sync`."
  static override examples = ['<%= config.bin %> mta rollback mx1', '<%= config.bin %> mta rollback mx1 --to 4']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    ...foldFlags,
    ...changeFlags,
    ...waveFlags,
    ...connectionFlags,
    to: Flags.integer({ summary: 'the revision to go back to; default: the one before', min: 0, helpGroup: 'CHANGE' }),
    'take-over': Flags.boolean({ summary: 'even when somebody else told the node something since', helpGroup: 'CHANGE' }),
  }

  protected readonly view = mtaChangeView('rollback')

  protected async perform(context: CliContext): Promise<Report<undefined, ChangeResult>> {
    const { argv, flags } = await this.input(MtaRollback, context)
    const run = changeRunOf(argv, flags, this.live(context))
    const { to, 'take-over': takeOver } = flags
    const options = { to, takeOver, dryRun: run.dryRun, reason: reasonOf('rollback', run.reason) }
    return { nodes: await changeNodes(context, 'rollback', run, (session) => rollbackNode(session, options)) }
  }
}
