import type { Writable } from 'node:stream'
import { isFailure } from '../fleet/fail-budget.ts'
import type { RunProgress } from '../operations/context.ts'
import { printable } from './printable.ts'

/** Milliseconds between two drawings; a run that ends before the first shows no line. */
const TICK = 400

/** What the live line tells of a run. Times in milliseconds. */
export interface Tally {
  readonly total: number
  readonly done: number
  readonly failed: number
  /** Since the run began. */
  readonly elapsed: number
  /** The node that has been at work for longest, and for how long. */
  readonly slowest?: { readonly node: string; readonly time: number }
  /** Which part of the run it is: `wave 2 of 3`. */
  readonly part: string
}

/** The live line: `wave 2 of 3 | 12 done, 1 failed, 17 left | 3.4/s | slowest: mx07, 12 s`. */
export function liveText({ total, done, failed, elapsed, slowest, part }: Tally): string {
  const rate = done === 0 ? '' : `${((done * 1000) / Math.max(elapsed, 1)).toFixed(1)}/s`
  const slow = slowest === undefined ? '' : `slowest: ${slowest.node}, ${Math.round(slowest.time / 1000)} s`
  const count = `${done} done, ${failed} failed, ${total - done} left`
  return [part, count, rate, slow].filter((text) => text !== '').join(' | ')
}

/**
 * Shows runs over several nodes on stderr: a terminal gets one line that is drawn anew, and both a terminal and a log a
 * line for each part of a run.
 */
export class Progress {
  private run: Run | undefined
  private drawn = false
  private asking = 0

  /** @param stderr with `isTTY`, a terminal */
  constructor(
    private readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number },
    private readonly now: () => number,
  ) {}

  of(total: number): RunProgress {
    const run = new Run(total, this.now)
    this.run = run
    const timer = this.stderr.isTTY === true && total > 1 ? setInterval(() => this.draw(), TICK).unref() : undefined
    return {
      started: (node) => run.started(node),
      settled: ({ node, outcome }) => run.settled(node, isFailure(outcome)),
      part: (words) => {
        run.part = words.split(':')[0] ?? ''
        this.hide()
        this.stderr.write(`${words}\n`)
      },
      end: () => {
        clearInterval(timer)
        this.hide()
        this.run = undefined
      },
    }
  }

  /** Takes the line away before something else is written; it comes back by itself. */
  hide(): void {
    if (this.drawn) this.stderr.write('\r\u001B[2K')
    this.drawn = false
  }

  /** Asks a question, and draws nothing meanwhile. */
  async aside<T>(ask: () => Promise<T>): Promise<T> {
    this.hide()
    this.asking++
    try {
      return await ask()
    } finally {
      this.asking--
    }
  }

  private draw(): void {
    if (this.run === undefined || this.asking > 0) return
    const width = (this.stderr.columns ?? 80) - 1
    this.stderr.write(`\r\u001B[2K${printable(liveText(this.run.tally())).slice(0, width)}`)
    this.drawn = true
  }
}

/** The account of one run. */
class Run {
  part = ''
  private readonly began: number
  private readonly working = new Map<string, number>()
  private readonly ended = new Map<string, boolean>()

  constructor(
    private readonly total: number,
    private readonly now: () => number,
  ) {
    this.began = now()
  }

  started(node: string): void {
    this.working.set(node, this.now())
  }

  /** A node may come again, at its health gate or when it is put back: it counts once, as it was seen last. */
  settled(node: string, failed: boolean): void {
    this.working.delete(node)
    this.ended.set(node, failed)
  }

  tally(): Tally {
    const now = this.now()
    const [first] = this.working // the order of starting
    const failed = [...this.ended.values()].filter(Boolean).length
    return {
      total: this.total,
      done: this.ended.size,
      failed,
      elapsed: now - this.began,
      part: this.part,
      ...(first === undefined ? {} : { slowest: { node: first[0], time: now - first[1] } }),
    }
  }
}
