import { CancelledError } from '../../outcome/errors.ts'

/**
 * Passes Ctrl-C on to a connection, but while a changing order is under way only after a grace period: cutting it leaves
 * its outcome unknown. (A second Ctrl-C ends akctl itself; the next command then finds out what became of the order.)
 */
export class OrderGuard {
  private readonly inner = new AbortController()
  private underway = 0
  private timer: NodeJS.Timeout | undefined

  /**
   * @param grace seconds that an order under way may go on after Ctrl-C
   * @param onGrace told when that time begins
   */
  constructor(
    private readonly outer: AbortSignal,
    private readonly grace: number,
    private readonly onGrace: () => void = () => undefined,
  ) {
    outer.addEventListener('abort', this.pass)
    this.pass()
  }

  /** What the connection is given. */
  get signal(): AbortSignal {
    return this.inner.signal
  }

  /** @throws CancelledError when Ctrl-C came before the order was sent */
  async run<T>(order: () => Promise<T>): Promise<T> {
    if (this.outer.aborted) throw new CancelledError('cancelled before the order was sent')
    this.underway++
    try {
      return await order()
    } finally {
      this.underway--
      this.pass()
    }
  }

  /** Lets go of the outer signal. */
  release(): void {
    clearTimeout(this.timer)
    this.outer.removeEventListener('abort', this.pass)
  }

  private readonly pass = (): void => {
    if (!this.outer.aborted) return
    if (this.underway === 0) this.cut()
    else if (this.timer === undefined) {
      this.timer = setTimeout(() => this.cut(), this.grace * 1000)
      this.onGrace()
    }
  }

  private cut(): void {
    clearTimeout(this.timer) // the grace of an order that has ended keeps nobody waiting
    this.inner.abort()
  }
}
