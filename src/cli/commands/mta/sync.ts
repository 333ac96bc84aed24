import * as Flags from '@oclif/core/flags'
import { changeNodes, reasonOf } from '../../../operations/mta/change.ts'
import type { ChangeResult } from '../../../operations/mta/results.ts'
import { syncNode } from '../../../operations/mta/sync.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, foldFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { changeRunOf, nodesArg } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaChangeView } from '../../views/mta-change.ts'

export default class MtaSync extends AkctlCommand {
  static override summary = 'tell nodes their settings; a running MTA takes them in'
  static override description =
    'Only settings that somebody set are told; a node that has them all is left alone. A node that somebody else changed is a conflict (exit 8). When the MTA does not come up healthy, the node goes back to what it had.'
  static override examples = [
    '<%= config.bin %> mta sync mx1',
    '<%= config.bin %> mta sync --all --max-fail 1 --yes',
    '<%= config.bin %> mta sync mx1 --take-over',
  ]
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    ...foldFlags,
    ...changeFlags,
    ...waveFlags,
    ...connectionFlags,
    restart: Flags.boolean({
      summary: 'make a running MTA take the settings in, by reload or restart',
      default: true,
      allowNo: true,
      helpGroup: 'CHANGE',
    }),
    'take-over': Flags.boolean({ summary: 'overwrite what somebody else told the node', helpGroup: 'CHANGE' }),
  }

  protected readonly view = mtaChangeView('sync')

  protected async perform(context: CliContext): Promise<Report<undefined, ChangeResult>> {
    const { argv, flags } = await this.input(MtaSync, context)
    const run = changeRunOf(argv, flags, this.live(context))
    const { restart, 'take-over': takeOver } = flags
    const options = { restart, takeOver, dryRun: run.dryRun, reason: reasonOf('sync', run.reason) }
    return { nodes: await changeNodes(context, 'sync', run, (session) => syncNode(session, options)) }
  }
}
