import { ORDER_ID } from '../../../node/order-id.ts'
import { type Released, releaseLocks } from '../../../operations/locks/release.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import { consentByWord } from '../../consent.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { locksReleaseView } from '../../views/locks.ts'

export default class LocksRelease extends AkctlCommand {
  static override summary = "end somebody's lease on the nodes that have it; all are asked when none is named"
  static override description =
    'For a holder that is gone for good and whose lease has not expired yet. One that is not gone is refused on these nodes from then on. An order that is at work is not ended by it.'
  static override examples = [
    '<%= config.bin %> locks release 01JE3Z4Q9W8V7T6S5R4P3N2M1K',
    "<%= config.bin %> locks release 01JE3Z4Q9W8V7T6S5R4P3N2M1K mx1 --yes --reason 'the job was killed'",
  ]
  static override strict = false
  static override args = { id: wordArg("the lease's id: akctl locks list tells it"), ...nodesArg }
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    yes: changeFlags.yes,
    'dry-run': changeFlags['dry-run'],
    reason: changeFlags.reason,
    ...connectionFlags,
  }

  protected readonly view = locksReleaseView

  protected async perform(context: CliContext): Promise<Report<undefined, Released>> {
    const { argv, flags } = await this.input(LocksRelease, context)
    const [id = '', ...names] = argv.map(String)
    if (!ORDER_ID.test(id)) {
      throw new UsageError(`"${id}" is no id of a lease: 26 letters and digits`, { hints: ['akctl locks list tells them'] })
    }
    const { 'dry-run': dryRun, reason, yes } = flags
    const nodes = await releaseLocks(context, {
      id,
      selection: selectionOf(names, flags),
      width: widthOf(flags),
      dryRun,
      reason,
      consent: ({ by, operation }, where) =>
        consentByWord(context, `end the lease of ${by} (${operation}) on ${where.join(' ')}`, yes),
    })
    return { nodes }
  }
}
