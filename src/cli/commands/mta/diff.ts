import { mtaDiff } from '../../../operations/mta/diff.ts'
import type { DiffResult } from '../../../operations/mta/results.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, outcomeFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaDiffView } from '../../views/mta-diff.ts'

export default class MtaDiff extends AkctlCommand {
  static override summary = 'show what a sync would change: settings, files, hand edits'
  static override description =
    'Exits 10 when a sync would do anything on a node, a reload or its first revision included, 0 when all are synced. Writes nothing.'
  static override examples = ['<%= config.bin %> mta diff mx1', '<%= config.bin %> mta diff --all --json']
  static override strict = false
  static override args = nodesArg
  static override flags = { ...selectionFlags, ...fanFlags(64), ...outcomeFlags, ...connectionFlags }

  protected readonly view = mtaDiffView

  protected async perform(context: CliContext): Promise<Report<undefined, DiffResult>> {
    const { argv, flags } = await this.input(MtaDiff, context)
    return mtaDiff(context, selectionOf(argv, flags), widthOf(flags, this.live(context)))
  }
}
