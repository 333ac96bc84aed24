import { syncedOf } from '../../node/state.ts'
import type { Selection } from '../../fleet/select.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'
import type { Session } from '../run/session.ts'
import { keyChanges } from './keys.ts'
import type { DiffResult } from './results.ts'
import { installedState } from './sync.ts'

/** Compares what a node was told, and its files, with what a sync would make of it. Writes nothing. */
async function diffNode(session: Session): Promise<DiffResult> {
  const { connection, wanted } = session
  const state = await installedState(session)
  const files = await connection.diff(wanted)
  return {
    synced: syncedOf(state, wanted),
    keys: keyChanges(state.record?.settings ?? {}, wanted),
    files,
    ...(state.record === undefined ? {} : { revision: state.record.revision }),
  }
}

export interface DiffReport {
  readonly nodes: readonly NodeOutcome<DiffResult>[]
  /** True when a sync would do anything on a node that answered, a reload included: as `mta status --expect synced` has it. */
  readonly differences: boolean
}

/** Compares every selected node. */
export async function mtaDiff(context: Context, selection: Selection, width: Width): Promise<DiffReport> {
  const fleet = await loadFleet(context, selection)
  const nodes = await visit<DiffResult>(context, fleet, width, { kind: 'read' }, async (session) => ({
    outcome: 'ok',
    result: await diffNode(session),
  }))
  return { nodes, differences: nodes.some(({ result }) => result !== undefined && differs(result)) }
}

function differs({ synced, keys, files }: DiffResult): boolean {
  return synced !== 'yes' || keys.length > 0 || files.length > 0
}
