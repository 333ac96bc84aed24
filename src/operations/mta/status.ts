import type { Selection } from '../../fleet/select.ts'
import { syncedOf, type NodeState, type Synced } from '../../node/state.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'
import { EXPECTED, type Expected, type MtaStatus } from './results.ts'

export interface StatusReport {
  readonly nodes: readonly NodeOutcome<MtaStatus>[]
  /** True when a node that answered is not as expected. */
  readonly differences: boolean
}

/** Asks every selected node how its MTA is. */
export async function mtaStatus(
  context: Context,
  selection: Selection,
  width: Width,
  expected: readonly Expected[] = [],
): Promise<StatusReport> {
  const fleet = await loadFleet(context, selection)
  const nodes = await visit<MtaStatus>(context, fleet, width, { kind: 'read' }, async ({ connection, wanted }) => {
    const state = await connection.status()
    const synced = syncedOf(state, wanted)
    return { outcome: 'ok', result: { ...state, synced, unmet: unmet(state, synced, expected) } }
  })
  return { nodes, differences: nodes.some(({ result }) => (result?.unmet.length ?? 0) > 0) }
}

function unmet(state: NodeState, synced: Synced, expected: readonly Expected[]): readonly Expected[] {
  const met: Readonly<Record<Expected, boolean>> = {
    running: state.running,
    stopped: !state.running,
    synced: synced === 'yes',
  }
  return expected.filter((word) => !met[word])
}

/**
 * Reads the words of `--expect`.
 * @throws UsageError that names the words there are
 */
export function parseExpected(text: string): readonly Expected[] {
  const words = text.split(',').map((word) => word.trim())
  return words.map((word) => {
    const known = EXPECTED.find((name) => name === word)
    if (known !== undefined) return known
    throw new UsageError(`--expect does not know '${word}'`, { hints: [`give one or more of: ${EXPECTED.join(',')}`] })
  })
}
