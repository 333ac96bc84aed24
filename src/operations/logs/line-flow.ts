import { whenAborted } from '../../connection/when-aborted.ts'
import { LagWindow, type LogLine, type Placed } from './log-merge.ts'

/** Where followed lines go. */
export interface LineSink {
  write(lines: readonly LogLine[]): Promise<void>
  /** Aborted once nobody reads any more. */
  readonly left: AbortSignal
}

/** Characters that are on their way at most, of all nodes together: beyond them, nodes wait for the reader. */
export const UNDER_WAY = 4 * 1024 * 1024

/** Milliseconds between two looks at what is due. */
const TICK = 100

/** Milliseconds that a reader has for the last lines after Ctrl-C. */
const LAST_LINES = 1000

/** Followed lines on their way to their reader, in time order, and at the reader's pace. */
export class LineFlow {
  private readonly window: LagWindow
  private readonly timer: NodeJS.Timeout
  private written: Promise<void> = Promise.resolve()
  private size = 0
  private waiting: (() => void)[] = []
  private error: unknown

  /** @param lag milliseconds that a line is held back for those of other nodes */
  constructor(
    private readonly sink: LineSink,
    lag: number,
    private readonly now: () => number,
    private readonly signal: AbortSignal,
  ) {
    this.window = new LagWindow(lag)
    this.timer = setInterval(() => this.pass(this.window.take(this.now())), TICK)
    for (const end of [signal, sink.left]) end.addEventListener('abort', this.wake)
  }

  /** True when no more lines are wanted. */
  get closed(): boolean {
    return this.sink.left.aborted || this.error !== undefined
  }

  /** Takes a line; waits while too much is on its way. */
  async add(placed: Placed): Promise<void> {
    this.window.add(placed, this.now())
    this.size += placed.line.text.length
    while (this.size > UNDER_WAY && !this.closed && !this.signal.aborted) {
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  /** Passes everything on; after Ctrl-C a reader that takes nothing is not waited for. @throws what the sink has thrown */
  async end(): Promise<void> {
    clearInterval(this.timer)
    this.pass(this.window.rest())
    let timer: NodeJS.Timeout | undefined
    let hurry = (): void => undefined
    const late = new Promise<void>((resolve) => (hurry = () => void (timer = setTimeout(resolve, LAST_LINES))))
    whenAborted(this.signal, hurry)
    await Promise.race([this.written, late])
    clearTimeout(timer)
    for (const listener of [hurry, this.wake]) this.signal.removeEventListener('abort', listener)
    this.sink.left.removeEventListener('abort', this.wake)
    if (this.error !== undefined) throw this.error as Error
  }

  private pass(lines: readonly LogLine[]): void {
    if (lines.length === 0) return
    this.written = this.written
      .then(() => (this.closed ? undefined : this.sink.write(lines)))
      .catch((error: unknown) => void (this.error ??= error))
      .then(() => {
        this.size -= lines.reduce((sum, { text }) => sum + text.length, 0)
        this.wake()
      })
  }

  private readonly wake = (): void => {
    const { waiting } = this
    this.waiting = []
    for (const go of waiting) go()
  }
}
