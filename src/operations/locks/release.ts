import type { Selection } from '../../fleet/select.ts'
import type { Lease, LeaseState } from '../../node/lease.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'
import { askLeases } from './list.ts'

/** What `locks release` is told. */
export interface ReleaseRun {
  readonly id: string
  readonly selection: Selection
  readonly width: Width
  readonly dryRun: boolean
  readonly reason: string | undefined
  /** Asks for consent to end this lease on these nodes. @throws when it is not given */
  readonly consent: (lease: Lease, nodes: readonly string[]) => Promise<void>
}

/** What became of a lease on a node: none there, or the one that is gone now (dry run: that would be). */
export interface Released extends LeaseState {
  readonly dryRun: boolean
}

/**
 * Ends somebody's lease on every selected node that has it, and writes the journal's lines. Whoever kept it is refused
 * there from now on.
 * @throws what concerns the whole run, before any lease is ended: selection, consent
 */
export async function releaseLocks(context: Context, run: ReleaseRun): Promise<readonly NodeOutcome<Released>[]> {
  const { id, width, dryRun } = run
  const fleet = await loadFleet(context, run.selection, 'all')
  const found = (await askLeases(context, fleet, width)).map((outcome) => only(id, dryRun, outcome))
  const lease = found.find(({ result }) => result?.lease !== undefined)?.result?.lease
  if (lease === undefined || dryRun) return found
  const names = found.flatMap(({ node, result }) => (result?.lease === undefined ? [] : [node]))
  await run.consent(lease, names)
  const nodes = fleet.nodes.filter(({ name }) => names.includes(name))
  const released = await visit<Released>(context, { ...fleet, nodes }, width, purposeOf(lease, run), async ({ connection }) => {
    const state = await connection.releaseLease(id, context.operator)
    return { outcome: state.lease === undefined ? 'ok' : 'changed', result: { ...state, dryRun } }
  })
  return found.map((outcome) => released.find(({ node }) => node === outcome.node) ?? outcome)
}

/** Another's lease is none of ours. */
function only(id: string, dryRun: boolean, { result, ...rest }: NodeOutcome<LeaseState>): NodeOutcome<Released> {
  if (result === undefined) return rest
  const { clock, lease } = result
  return { ...rest, result: { clock, dryRun, ...(lease?.id === id ? { lease } : {}) } }
}

function purposeOf({ id, by, operation }: Lease, { reason }: ReleaseRun) {
  const what = `the lease ${id} of ${by} (${operation})`
  return { kind: 'change', verb: 'locks release', reason: reason === undefined ? what : `${what}: ${reason}` } as const
}
