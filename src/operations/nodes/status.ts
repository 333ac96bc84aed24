import { type NodeState, type Synced, syncedOf } from '../../node/state.ts'
import type { ErrorReport, NodeOutcome, Outcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import type { Fleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'

/** What a node says of itself now, or why it says nothing. */
export interface NodeStatus {
  /** `running`, `stopped`, `absent` (nothing installed in its directory yet), or the outcome of asking. */
  readonly status: 'running' | 'stopped' | 'absent' | Outcome
  readonly synced: Synced
  readonly state?: NodeState
  readonly error?: ErrorReport
}

/** Asks nodes how they are; a node that does not answer is an answer too. @returns in the order of the fleet */
export async function askStatus(
  context: Context,
  fleet: Fleet,
  width: Pick<Width, 'concurrency' | 'opener'>,
): Promise<readonly NodeStatus[]> {
  const purpose = { kind: 'read', partly: true } as const
  const outcomes = await visit<NodeStatus>(context, fleet, width, purpose, async ({ connection, wanted }) => {
    const state = await connection.status()
    const status = !state.installed ? 'absent' : state.running ? 'running' : 'stopped'
    return { outcome: 'ok', result: { status, synced: syncedOf(state, wanted), state } }
  })
  return outcomes.map(ofOutcome)
}

function ofOutcome({ outcome, result, error }: NodeOutcome<NodeStatus>): NodeStatus {
  return result ?? { status: outcome, synced: 'unknown', ...(error === undefined ? {} : { error }) }
}
