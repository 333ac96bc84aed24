import * as Flags from '@oclif/core/flags'
import type { MtaStatus as Found } from '../../../operations/mta/results.ts'
import { mtaStatus, parseExpected } from '../../../operations/mta/status.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, foldFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { mtaStatusView } from '../../views/mta-status.ts'

export default class MtaStatus extends AkctlCommand {
  static override summary = 'ask nodes how their MTA is: running, synced, queue, listening addresses'
  static override description =
    'Exits 0 when every node answered, running or not. SYNCED: yes, no (other settings), edited (by hand), reload (written, not loaded), never, unknown.'
  static override examples = [
    '<%= config.bin %> mta status mx1',
    '<%= config.bin %> mta status --all --expect running,synced',
    "<%= config.bin %> mta status -l 'role=relay,env!=prod' --json",
  ]
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...foldFlags,
    ...connectionFlags,
    expect: Flags.string({ summary: 'exit 10 unless every node is so: running, stopped, synced (comma-separated)' }),
  }

  protected readonly view = mtaStatusView

  protected async perform(context: CliContext): Promise<Report<undefined, Found>> {
    const { argv, flags } = await this.input(MtaStatus, context)
    const expected = flags.expect === undefined ? [] : parseExpected(flags.expect)
    const report = await mtaStatus(context, selectionOf(argv, flags), widthOf(flags, this.live(context)), expected)
    for (const { node, result } of report.nodes) {
      if (result !== undefined && result.unmet.length > 0) context.note(`${node}: not as expected: ${result.unmet.join(', ')}`)
    }
    return report
  }
}
