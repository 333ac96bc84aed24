import { QUEUE_BOUND } from '../../mta/shared/operations.ts'
import { syncedOf, type NodeState } from '../../node/state.ts'
import { CancelledError, FailedError, TimeoutError, UnreachableError } from '../../outcome/errors.ts'
import { pause } from '../run/pause.ts'
import type { ChangeResult } from '../mta/results.ts'
import type { Session } from '../run/session.ts'

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
 * Looks at a changed node until it is well, or the gate's time is over; one that can't be asked just now is asked again.
 * @param before the node before it was changed
 * @throws FailedError that names everything that is not as it must be; what asking it failed with; CancelledError when the
 * run is cancelled meanwhile
 */
export async function passGate(session: Session, change: ChangeResult, before: NodeState, gate: Gate): Promise<void> {
  const { context } = session
  const deadline = context.clock().getTime() + gate.timeout * 1000
  for (;;) {
    const trouble = await look(session, change, before, gate)
    if (trouble === undefined) return
    if (context.signal.aborted) throw new CancelledError('cancelled at the health gate')
    if (context.clock().getTime() >= deadline) throw trouble
    await pause(LOOK, context.signal)
  }
}

/** @returns why it does not pass; undefined when it does. @throws what another look would not mend */
async function look(session: Session, change: ChangeResult, before: NodeState, gate: Gate): Promise<Error | undefined> {
  try {
    const state = await session.connection.status({ ...countingTo(before, gate), answers: true })
    const faults = faultsOf(state, { change, before, gate, synced: syncedOf(state, session.wanted) })
    return faults.length === 0 ? undefined : notWell(session, faults, gate)
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof TimeoutError) return error
    throw error
  }
}

/** Whether it can be told by how much a node's queue has grown: it was counted to its end before the change. */
export function isCounted(before: NodeState | undefined): boolean {
  return before?.queue?.capped !== true
}

/** As far as a queue must be counted to see that it has grown too much, where that is further than it is counted anyway. */
function countingTo(before: NodeState, { queueGrowth }: Gate): { readonly countTo?: number } {
  const bound = (before.queue?.messages ?? 0) + queueGrowth + 1
  return isCounted(before) && bound > QUEUE_BOUND ? { countTo: bound } : {}
}

function faultsOf(
  state: NodeState,
  seen: { readonly change: ChangeResult; readonly before: NodeState; readonly gate: Gate; readonly synced: string },
): readonly string[] {
  const { change, before, gate, synced } = seen
  const faults: string[] = []
  // One that was down already, and that no order has stopped, is no better for it.
  if (!state.running && (change.running === true || state.wanted === 'running')) faults.push('the MTA is not running')
  if (change.verb !== 'stop' && state.running && state.mute === true) faults.push('the MTA runs and does not answer')
  if (change.verb === 'stop' && state.running) faults.push('the MTA is running')
  // Settings that were not pushed (a restart, a rollback) are no fault of the node's.
  if (change.synced === 'yes' && synced !== 'yes') faults.push(`SYNCED is ${synced}`)
  const { messages = 0, capped = false } = state.queue ?? {}
  const grown = messages - (before.queue?.messages ?? 0)
  if (isCounted(before) && grown > gate.queueGrowth) {
    faults.push(`its queue has grown by ${capped ? 'at least ' : ''}${grown} messages (${gate.queueGrowth} are allowed)`)
  }
  return faults
}

function notWell({ node }: Session, faults: readonly string[], { timeout }: Gate): FailedError {
  return new FailedError(`did not pass the health gate within ${timeout} s: ${faults.join('; ')}`, {
    hints: [`akctl node logs ${node.name} shows why`, `akctl mta status ${node.name}`],
  })
}
