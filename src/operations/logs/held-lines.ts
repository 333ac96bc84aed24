import type { Placed } from './log-merge.ts'

/** What lines that are held together may weigh: characters, and what a line costs besides. */
export const HELD = 64 * 1024 * 1024
const LINE = 200

/** The last lines of one node, while its log is being read. */
class NodeLines {
  lines: Placed[] = []
  weight = 0

  constructor(readonly node: string) {}

  /** Drops the oldest. @returns what they weighed */
  drop(count: number): number {
    const before = this.weight
    for (const placed of this.lines.splice(0, count)) this.weight -= weightOf(placed)
    return before - this.weight
  }
}

/** The last lines of many nodes, in bounded memory: when it is full, the node that holds the most loses its oldest half. */
export class HeldLines {
  private readonly nodes: NodeLines[] = []
  private readonly shortened = new Set<string>()
  private weight = 0

  /** @param most lines of one node that are wanted */
  constructor(private readonly most: number) {}

  /** The nodes that have lost lines. */
  get cut(): readonly string[] {
    return [...this.shortened]
  }

  /** Takes the lines of one more node. @returns what takes a line */
  node(name: string): (placed: Placed) => void {
    const held = new NodeLines(name)
    this.nodes.push(held)
    return (placed) => {
      held.lines.push(placed)
      held.weight += weightOf(placed)
      this.weight += weightOf(placed)
      if (held.lines.length > 2 * this.most) this.weight -= held.drop(held.lines.length - this.most)
      if (this.weight > HELD) this.shed()
    }
  }

  /** What is held: the last lines of each node. */
  all(): readonly (readonly Placed[])[] {
    return this.nodes.map(({ lines }) => lines.slice(Math.max(0, lines.length - this.most)))
  }

  private shed(): void {
    const [biggest] = this.nodes.toSorted((a, b) => b.weight - a.weight)
    if (biggest === undefined) return
    this.weight -= biggest.drop(Math.ceil(biggest.lines.length / 2))
    this.shortened.add(biggest.node)
  }
}

function weightOf({ line }: Placed): number {
  return line.text.length + LINE
}
