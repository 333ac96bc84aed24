import { foldNames } from '../fleet/node-set/fold.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'
import { printable } from './printable.ts'
import type { Style } from './views/view.ts'

/** With more nodes than this a terminal gets equal results folded, unless told otherwise. */
const FOLD_ABOVE = 20

/** Whether a table of nodes folds. @param wish --fold or --no-fold; undefined: neither */
export function folds(nodes: number, wish: boolean | undefined): boolean {
  return wish ?? nodes > FOLD_ABOVE
}

/** A line for each different result, the most frequent first: `mx[01-38]: running, synced`. */
export function foldedLines<N>(nodes: readonly NodeOutcome<N>[], brief: (node: NodeOutcome<N>) => string, style: Style): string {
  const groups = new Map<string, string[]>()
  for (const node of nodes) {
    const words = brief(node)
    const names = groups.get(words) ?? []
    names.push(node.node)
    groups.set(words, names)
  }
  return [...groups]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(
      ([words, names]) =>
        `${style.bold(foldNames(names))}: ${printable(words)}${names.length > 1 ? style.dim(` (${names.length})`) : ''}\n`,
    )
    .join('')
}
