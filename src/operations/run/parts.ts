import type { FailBudget } from '../../fleet/fail-budget.ts'
import type { Share } from '../../fleet/share.ts'
import { wavesOf } from '../../fleet/waves.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { Context, RunProgress } from '../context.ts'
import { pause } from './pause.ts'

/** How a run goes over a fleet part by part. */
export interface Parts {
  /** Their sizes; the last one repeats. */
  readonly serial: readonly Share[]
  /** Seconds that a part's nodes are left to work before the next one starts. */
  readonly pause: number
}

/** Failures at which a run in parts stops unless told otherwise: the first part is there to find what is wrong. */
export const ONE_NODE: Share = { amount: 1, unit: 'nodes' }

/**
 * Goes over nodes in waves. Once too many have failed, or the run is cancelled, nobody waits between them any more: what is
 * left of the nodes only gets its outcome.
 * @param visit does the work of a wave
 * @param after follows it, when the wave's nodes have worked for a while; the last wave's are not waited for
 * @returns what the visits gave, in the order of the nodes
 */
export async function inParts<T>(
  context: Context,
  nodes: readonly NodeRecord[],
  parts: Parts,
  { budget, progress }: { readonly budget: FailBudget; readonly progress: RunProgress },
  visit: (nodes: readonly NodeRecord[]) => Promise<readonly T[]>,
  after: (nodes: readonly NodeRecord[]) => Promise<void> = () => Promise.resolve(),
): Promise<readonly T[]> {
  const goesOn = (): boolean => !budget.spent && !context.signal.aborted
  const all: T[] = []
  const waves = wavesOf(nodes, parts.serial)
  for (const [index, wave] of waves.entries()) {
    const last = index === waves.length - 1
    if (goesOn()) progress.part(`wave ${index + 1} of ${waves.length}: ${counted(wave.length)}`)
    all.push(...(await visit(wave)))
    if (!last && goesOn()) await pause(parts.pause, context.signal)
    await after(wave)
  }
  return all
}

/** `1 node`, `5 nodes`. */
export function counted(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`
}
