import { CancelledError, NodeError, reportOf } from '../outcome/errors.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'
import type { FailBudget } from './fail-budget.ts'

/** What a worker found out about one node; a failure may also be thrown. */
export type Done<T> = Omit<NodeOutcome<T>, 'node'>

export interface FanOutOptions<T> {
  /** Nodes at work at the same time. */
  readonly concurrency: number
  /** Counts the failures; once it is spent no new node is started, and the rest is `skipped`. */
  readonly budget?: FailBudget | undefined
  /** Once aborted no new node is started; the rest is `cancelled`. Ending those at work is the worker's business. */
  readonly signal?: AbortSignal | undefined
  /** Called once a node, as soon as its outcome is known, in the order of ending. */
  readonly onSettled?: ((outcome: NodeOutcome<T>) => void) | undefined
}

/**
 * Runs a worker for every node, a bounded number at a time. Never rejects: what a worker throws becomes its node's
 * outcome (an error of another kind `failed`, a bug `failed` with the kind `bug`).
 * @returns one outcome a node, in the order given
 */
export async function fanOut<N extends { readonly name: string }, T>(
  nodes: readonly N[],
  worker: (node: N) => Promise<Done<T>>,
  options: FanOutOptions<T>,
): Promise<readonly NodeOutcome<T>[]> {
  const outcomes = new Array<NodeOutcome<T>>(nodes.length)
  const { concurrency, budget, signal, onSettled } = options
  let next = 0

  const lane = async (): Promise<void> => {
    for (let at = next++; ; at = next++) {
      const node = nodes[at]
      if (node === undefined) return
      const stopped = signal?.aborted === true ? cancelled() : budget?.spent === true ? doneOf(budget.reason) : undefined
      const outcome: NodeOutcome<T> = { node: node.name, ...naming(stopped ?? (await attempt(worker, node)), node.name) }
      budget?.count(outcome.outcome)
      outcomes[at] = outcome
      onSettled?.(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, nodes.length) }, lane))
  return outcomes
}

async function attempt<N, T>(worker: (node: N) => Promise<Done<T>>, node: N): Promise<Done<T>> {
  try {
    return await worker(node)
  } catch (error) {
    return doneOf(error)
  }
}

/** Commands that an error hints at are for this very node: what was called, or runs on it, does not know its name here. */
function naming<T>(done: Done<T>, name: string): Done<T> {
  const { error } = done
  if (error === undefined) return done
  return { ...done, error: { ...error, hints: error.hints.map((hint) => hint.replaceAll(/\bNODE\b/g, name)) } }
}

/** A thrown value as an outcome. */
export function doneOf(error: unknown): Done<never> {
  return { outcome: error instanceof NodeError ? error.outcome : 'failed', error: reportOf(error) }
}

function cancelled(): Done<never> {
  return doneOf(new CancelledError('cancelled before anything was done'))
}
