import { CancelledError } from '../../outcome/errors.ts'

/**
 * Passes Ctrl-C on to a connection, but not while a changing order is under way: cutting it would only leave its
 * outcome unknown. (A second Ctrl-C ends akctl itself; the next command then finds out what became of the order.)
 */
export class OrderGuard {
  private readonly inner = new AbortController()
  private underway = 0

  constructor(private readonly outer: AbortSignal) {
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
    this.outer.removeEventListener('abort', this.pass)
  }

  private readonly pass = (): void => {
    if (this.outer.aborted && this.underway === 0) this.inner.abort()
  }
}
