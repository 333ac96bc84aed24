import type { LogRecord } from '../../mta/logs.ts'

/** One line of a node's log. */
export interface LogLine extends Omit<LogRecord, 'at'> {
  readonly node: string
  /** ISO 8601, by this machine's clock; absent when the line carries no time. */
  readonly at?: string
}

/** A line, and where it belongs among those of other nodes. */
export interface Placed {
  readonly line: LogLine
  readonly key: number
}

/**
 * Puts one node's lines into time: corrects them by the node's clock, and gives a line without a time (a stack trace)
 * or with an earlier one than the line before it the place of that line, so that a node's own order never changes.
 */
export class NodeTimeline {
  private last = -Infinity

  /** @param ahead milliseconds the node's clock is ahead of this machine's */
  constructor(
    private readonly node: string,
    private readonly ahead: number,
  ) {}

  place(record: LogRecord): Placed {
    const { at, level, text } = record
    const corrected = at === undefined ? undefined : at - this.ahead
    this.last = Math.max(this.last, corrected ?? -Infinity)
    return {
      key: this.last,
      line: { node: this.node, ...(corrected === undefined ? {} : { at: new Date(corrected).toISOString() }), level, text },
    }
  }
}

/** Lines of several nodes, each node's in its own order, as one log in time order. */
export function mergeLines(nodes: readonly (readonly Placed[])[]): readonly LogLine[] {
  return nodes
    .flat()
    .toSorted(byKey)
    .map(({ line }) => line)
}

/**
 * The same for logs that are being followed: every line is held back for a while, so that a slower node's line of an
 * earlier time still comes before it.
 */
export class LagWindow {
  private held: { readonly placed: Placed; readonly arrived: number }[] = []

  /** @param lag milliseconds a line is held */
  constructor(private readonly lag: number) {}

  add(placed: Placed, now: number): void {
    this.held.push({ placed, arrived: now })
  }

  /** The lines whose time has come, and every held line that belongs before one of them. */
  take(now: number): readonly LogLine[] {
    const due = this.held.filter(({ arrived }) => arrived <= now - this.lag)
    if (due.length === 0) return []
    const until = due.reduce((most, { placed }) => Math.max(most, placed.key), -Infinity)
    const out = this.held.filter(({ placed }) => placed.key <= until)
    this.held = this.held.filter(({ placed }) => placed.key > until)
    return out
      .map(({ placed }) => placed)
      .toSorted(byKey)
      .map(({ line }) => line)
  }

  /** Everything that is still held. */
  rest(): readonly LogLine[] {
    return this.take(Infinity)
  }
}

/**
 * Tells the records of a second reading of a log that a first one has given already: the second begins somewhere within
 * the first one's end, or after it.
 */
export class Overlap {
  private starts: readonly number[]
  private count = 0

  /** @param end the last records of the first reading */
  constructor(private readonly end: readonly LogRecord[]) {
    this.starts = end.map((_, index) => index)
  }

  /** Whether the next record of the second reading was in the first one. */
  has({ at, text }: LogRecord): boolean {
    if (this.starts.length === 0) return false
    this.starts = this.starts.filter((start) => {
      const known = this.end[start + this.count]
      return known !== undefined && known.at === at && known.text === text
    })
    this.count += 1
    return this.starts.length > 0
  }
}

function byKey(a: Placed, b: Placed): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
