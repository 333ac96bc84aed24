import { type Done, doneOf } from '../../fleet/fan-out.ts'
import type { Session } from '../run/session.ts'
import { settlePending } from '../run/settle.ts'

/** What became of a restart. */
export type Restart =
  | { readonly kind: 'restarted'; readonly pid?: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'well' }
  | { readonly kind: 'error'; readonly outcome: Done<never>['outcome']; readonly done: Done<never> }

/**
 * Starts a node's MTA that should run; one that runs and is not well is stopped before. Somebody else's order that is at
 * work or has stopped the MTA meanwhile wins: the node itself looks, under its lock.
 */
export async function restart(session: Session): Promise<Restart> {
  const { connection } = session
  try {
    await settlePending(session, 'change')
    const { did, leftStopped, pid } = await session.order(
      'start',
      'mta watch',
      (order) => connection.start({ ...order, unlessStopped: true }),
      () => undefined,
    )
    if (leftStopped === true) return { kind: 'stopped' }
    return did ? { kind: 'restarted', ...(pid === undefined ? {} : { pid }) } : { kind: 'well' }
  } catch (error) {
    const done = doneOf(error)
    return { kind: 'error', outcome: done.outcome, done }
  }
}
