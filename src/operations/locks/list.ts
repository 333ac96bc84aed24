import type { Selection } from '../../fleet/select.ts'
import type { LeaseState } from '../../node/lease.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { type Fleet, loadFleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'

/** The lease of every selected node (of all, when nothing was selected), as the nodes tell it. */
export async function listLocks(
  context: Context,
  selection: Selection,
  width: Width,
): Promise<readonly NodeOutcome<LeaseState>[]> {
  return askLeases(context, await loadFleet(context, selection, 'all'), width)
}

/** The same, for nodes that are selected already. */
export function askLeases(context: Context, fleet: Fleet, width: Width): Promise<readonly NodeOutcome<LeaseState>[]> {
  return visit<LeaseState>(context, fleet, width, { kind: 'read' }, async ({ connection }) => ({
    outcome: 'ok',
    result: await connection.lease(),
  }))
}
