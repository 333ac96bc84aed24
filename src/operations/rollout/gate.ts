import { syncedOf, type NodeState } from '../../node/state.ts'
import { CancelledError, FailedError } from '../../outcome/errors.ts'
import { pause } from '../node/pause.ts'
import type { ChangeResult } from '../mta/results.ts'
import type { Session } from '../node/session.ts'

/** The health gate: what a wave's nodes must be like before the next wave starts. */
export interface Gate {
  /** Seconds that a node may take to be so. */
  readonly timeout: number
  /** Messages by which its queue may have grown since before the change. */
  readonly queueGrowth: number
}

/** Seconds between two looks at a node that is not yet as it must be. */
const LOOK = 1

/**
 * Looks at a changed node until it is well, or the gate's time is over.
 * @param before the node before it was changed
 * @throws FailedError that names everything that is not as it must be; CancelledError when the run is cancelled meanwhile
 */
export async function passGate(session: Session, change: ChangeResult, before: NodeState, gate: Gate): Promise<void> {
  const { context, connection, wanted } = session
  const deadline = context.clock().getTime() + gate.timeout * 1000
  for (;;) {
    const state = await connection.status()
    const faults = faultsOf(state, { change, before, gate, synced: syncedOf(state, wanted) })
    if (faults.length === 0) return
    if (context.signal.aborted) throw new CancelledError('cancelled at the health gate')
    if (context.clock().getTime() >= deadline) throw notWell(session, faults, gate)
    await pause(LOOK, context.signal)
  }
}

function faultsOf(
  state: NodeState,
  seen: { readonly change: ChangeResult; readonly before: NodeState; readonly gate: Gate; readonly synced: string },
): readonly string[] {
  const { change, before, gate, synced } = seen
  const faults: string[] = []
  if (change.running === true && !state.running) faults.push('the MTA is not running')
  if (change.running === false && state.running) faults.push('the MTA is running')
  // Settings that were not pushed (a restart, a rollback) are no fault of the node's.
  if (change.synced === 'yes' && synced !== 'yes') faults.push(`SYNCED is ${synced}`)
  const grown = (state.queue?.messages ?? 0) - (before.queue?.messages ?? 0)
  if (grown > gate.queueGrowth) faults.push(`its queue has grown by ${grown} messages (${gate.queueGrowth} are allowed)`)
  return faults
}

function notWell({ node }: Session, faults: readonly string[], { timeout }: Gate): FailedError {
  return new FailedError(`did not pass the health gate within ${timeout} s: ${faults.join('; ')}`, {
    hints: [`akctl node logs ${node.name} shows why`, `akctl mta status ${node.name}`],
  })
}
