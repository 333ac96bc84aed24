import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Width } from './visit.ts'

/**
 * A run's outcomes as those of a larger work that it is part of: each is told as it comes, and the very same object is found
 * again in the report, so that none is taken for a later account of its node.
 */
export class Turned<A, B> {
  private readonly known = new WeakMap<NodeOutcome<A>, NodeOutcome<B>>()

  constructor(private readonly turn: (outcome: NodeOutcome<A>) => NodeOutcome<B>) {}

  of(outcome: NodeOutcome<A>): NodeOutcome<B> {
    const turned = this.known.get(outcome) ?? this.turn(outcome)
    this.known.set(outcome, turned)
    return turned
  }

  /** The width of a run of `A`, whose `onNode` is told of `B`. */
  width({ onNode, ...rest }: Width): Width {
    return onNode === undefined ? rest : { ...rest, onNode: (outcome) => onNode(this.of(outcome as NodeOutcome<A>)) }
  }
}
