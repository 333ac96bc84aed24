import { CancelledError, NodeError, SkippedError, reportOf } from '../outcome/errors.ts'
import type { NodeOutcome, Outcome } from '../outcome/outcome.ts'

/** What a worker found out about one node; a failure may also be thrown. */
export type Done<T> = Omit<NodeOutcome<T>, 'node'>

export interface FanOutOptions<T> {
  /** Nodes at work at the same time. */
  readonly concurrency: number
  /** After this many failures no new node is started; the rest is `skipped`. */
  readonly maxFail?: number | undefined
  /** Once aborted no new node is started; the rest is `cancelled`. Ending those at work is the worker's business. */
  readonly signal?: AbortSignal | undefined
  /** Called once a node, as soon as its outcome is known, in the order of ending. */
  readonly onSettled?: ((outcome: NodeOutcome<T>) => void) | undefined
}

const NO_FAILURE: ReadonlySet<Outcome> = new Set(['ok', 'changed', 'cancelled', 'skipped'])

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
  const { concurrency, maxFail = Infinity, signal, onSettled } = options
  let next = 0
  let failures = 0

  const lane = async (): Promise<void> => {
    for (let at = next++; ; at = next++) {
      const node = nodes[at]
      if (node === undefined) return
      const stopped = signal?.aborted === true ? cancelled() : failures >= maxFail ? skipped(maxFail) : undefined
      const outcome: NodeOutcome<T> = { node: node.name, ...(stopped ?? (await attempt(worker, node))) }
      if (isFailure(outcome.outcome)) failures++
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

/** A thrown value as an outcome. */
export function doneOf(error: unknown): Done<never> {
  return { outcome: error instanceof NodeError ? error.outcome : 'failed', error: reportOf(error) }
}

function cancelled(): Done<never> {
  return doneOf(new CancelledError('cancelled before anything was done'))
}

function skipped(maxFail: number): Done<never> {
  const why = maxFail === 1 ? 'a node' : `${maxFail} nodes`
  return doneOf(new SkippedError(`left out: ${why} failed before (--max-fail ${maxFail})`))
}

/** Whether an outcome is a failure of its node, as `--max-fail` counts. */
export function isFailure(outcome: Outcome): boolean {
  return !NO_FAILURE.has(outcome)
}
