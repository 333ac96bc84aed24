import * as Flags from '@oclif/core/flags'
import { planFleet } from '../../../operations/fleet/plan.ts'
import { writePlan } from '../../../operations/fleet/plan-file.ts'
import { FleetSource, textOf } from '../../../operations/fleet/read.ts'
import type { FleetNodeResult, FleetSummary } from '../../../operations/fleet/results.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, outputFlag, selectionFlags } from '../../flags.ts'
import { askFlag, nodesArg, pruneFlag, selectionOf } from '../../node-args.ts'
import { FORMATS } from '../../output.ts'
import type { Report } from '../../report.ts'
import { fleetPlanView, summaryWords } from '../../views/fleet.ts'

const OWN_FORMATS = [...FORMATS, 'markdown'] as const

export default class FleetPlan extends AkctlCommand {
  static override summary = 'show what would make profile and nodes as a fleet file says'
  static override description =
    'Creates, changes and (with --prune) deletes of nodes, changes of their settings, and drift: how nodes are, compared with what they would be told. Nodes can be named or selected; all when none is. Changes nothing. -o markdown is made to be pasted into a pull request. The form of the file: docs/fleet.md.'
  static override examples = [
    '<%= config.bin %> fleet plan -f fleet.yaml',
    '<%= config.bin %> fleet plan -f fleet.yaml --no-status --detailed-exitcode -o markdown',
    '<%= config.bin %> fleet plan -f fleet.yaml --prune --out plan.json',
  ]
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...connectionFlags,
    file: Flags.string({ char: 'f', summary: 'the fleet file', required: true }),
    prune: pruneFlag,
    status: askFlag,
    out: Flags.string({ summary: 'write the plan to this file, for fleet apply' }),
    'detailed-exitcode': Flags.boolean({ summary: 'exit 10 when there are differences' }),
    output: outputFlag(OWN_FORMATS),
  }

  protected readonly view = fleetPlanView
  protected override readonly formats = OWN_FORMATS

  protected async perform(context: CliContext): Promise<Report<FleetSummary, FleetNodeResult>> {
    const { argv, flags } = await this.input(FleetPlan, context)
    const { file, prune, out } = flags
    const source = await FleetSource.parse(file, await textOf(file))
    const ask = flags.status ? flags.concurrency : undefined
    const plan = await planFleet(context, source, { selection: selectionOf(argv, flags), prune, ask })
    const { data, nodes, differences = false } = plan.report
    context.note(summaryWords(plan.report))
    const written = out !== undefined && (await writePlan(context, plan, out, data.profile))
    return {
      data: written ? { ...data, out } : data,
      nodes,
      differences: flags['detailed-exitcode'] && differences,
    }
  }
}
