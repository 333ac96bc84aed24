import type { Done } from '../../fleet/fan-out.ts'
import type { Selection } from '../../fleet/select.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { confirmMany, type Consent } from '../run/confirm.ts'
import { loadFleet, type Fleet } from '../run/fleet.ts'
import type { Session } from '../run/session.ts'
import { visit, type Width } from '../run/visit.ts'
import { changeInWaves, type Waves } from '../rollout/waves.ts'
import type { ChangeResult } from './results.ts'

/** What every changing verb is told besides its own options. */
export interface ChangeRun {
  readonly selection: Selection
  readonly width: Width
  readonly consent: Consent
  readonly dryRun: boolean
  /** Part by part; undefined: all nodes in one go. */
  readonly waves?: Waves | undefined
  /** For the record on the node and the journal. */
  readonly reason: string | undefined
}

/** The reason on a node's record where the operator gave none: which command it was. */
export function reasonOf(verb: string, reason: string | undefined): string {
  return reason ?? `mta ${verb}`
}

/**
 * Does a changing verb on every selected node, after the consent that many nodes need.
 * @throws what concerns the whole run, before anything is done on any node: selection, consent
 */
export async function changeNodes(
  context: Context,
  verb: ChangeResult['verb'],
  run: ChangeRun,
  work: (session: Session) => Promise<ChangeResult>,
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  return changeFleet(context, verb, run, await loadFleet(context, run.selection), work)
}

/** As changeNodes, for nodes that are selected already. */
export async function changeFleet(
  context: Context,
  verb: ChangeResult['verb'],
  run: Omit<ChangeRun, 'selection'>,
  fleet: Fleet,
  work: (session: Session) => Promise<ChangeResult>,
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  const { dryRun, reason, width, consent, waves } = run
  const names = fleet.nodes.map(({ name }) => name)
  if (!dryRun) await confirmMany(context, names, verb, consent)
  const onNode = async (session: Session): Promise<Done<ChangeResult>> => {
    const result = await work(session)
    return { outcome: hasChanged(result) ? 'changed' : 'ok', result }
  }
  if (dryRun) return visit(context, fleet, width, { kind: 'read' }, onNode)
  const purpose = { kind: 'change', verb: `mta ${verb}`, reason } as const
  if (waves === undefined) return visit(context, fleet, width, purpose, onNode)
  return changeInWaves(context, fleet, width, purpose, waves, onNode)
}

/** What the running process has not loaded yet (`--no-restart`) was no change of this run, unless this run wrote it. */
function hasChanged({ dryRun, steps }: ChangeResult): boolean {
  return !dryRun && steps.some((step) => step !== 'not-loaded')
}
