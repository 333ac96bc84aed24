import * as Flags from '@oclif/core/flags'
import { applyFleet } from '../../../operations/fleet/apply.ts'
import type { FleetNodeResult, FleetSummary } from '../../../operations/fleet/results.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, outcomeFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { askFlag, changeRunOf, pruneFlag } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { fleetApplyView } from '../../views/fleet.ts'

export default class FleetApply extends AkctlCommand {
  static override summary = 'make profile and nodes as a fleet file, or a plan, says'
  static override description =
    'The profile is changed in one write; then every node of the file that is not as it would be told is synced, whether the file changed or the node. A plan is done exactly, or refused (exit 8) when the profile or a node has moved since it was made. Applied again, it does nothing. Details: docs/fleet.md.'
  static override examples = [
    '<%= config.bin %> fleet apply -f fleet.yaml',
    '<%= config.bin %> fleet apply -f fleet.yaml mx1 mx2 --dry-run',
    '<%= config.bin %> fleet apply -f fleet.yaml --no-sync',
    '<%= config.bin %> fleet apply plan.json --prune --yes',
  ]
  static override strict = false
  static override args = { node: optionalArg('a plan; with -f FILE, names or ids of nodes') }
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    ...outcomeFlags,
    ...changeFlags,
    ...waveFlags,
    ...connectionFlags,
    file: Flags.string({ char: 'f', summary: 'the fleet file, or a plan' }),
    prune: pruneFlag,
    status: askFlag,
    sync: Flags.boolean({ summary: 'tell the nodes; --no-sync changes the profile only', default: true, allowNo: true }),
    'take-over': Flags.boolean({ summary: 'overwrite what somebody else told a node', helpGroup: 'CHANGE' }),
  }

  protected readonly view = fleetApplyView

  protected async perform(context: CliContext): Promise<Report<FleetSummary, FleetNodeResult>> {
    const { argv, flags } = await this.input(FleetApply, context)
    const words = argv.map(String)
    const path = flags.file ?? words.shift()
    if (path === undefined) {
      throw new UsageError('nothing to apply: give a fleet file by -f, or a plan', {
        hints: ['akctl fleet apply -f fleet.yaml', 'akctl fleet apply plan.json'],
      })
    }
    const { prune, status: ask, sync, 'take-over': takeOver } = flags
    const run = changeRunOf(words, flags, this.live(context))
    const { data, nodes } = await applyFleet(context, { path, prune, ask, sync, takeOver, run })
    return { data, nodes }
  }
}
