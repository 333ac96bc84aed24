import { CancelledError } from '../outcome/errors.ts'
import { busyProblem } from './problems.ts'
import { whenAborted } from '../connection/when-aborted.ts'

/** Lets a bounded number of calls work at a time, and a bounded number wait for their turn. */
export class Slots {
  private working = 0
  private readonly waiting: (() => void)[] = []

  /**
   * @param what for the message of a refusal
   * @param limit calls at work
   * @param queue calls that wait; more are refused
   */
  constructor(
    private readonly what: string,
    private readonly limit: number,
    private readonly queue: number,
  ) {}

  /** Waits for a place. @returns what gives it back @throws Problem (503) when too many wait; CancelledError */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (this.working >= this.limit) await this.wait(signal)
    else this.working += 1
    return () => {
      const next = this.waiting.shift()
      if (next === undefined) this.working -= 1
      else next()
    }
  }

  /** Does work in a place of its own. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const free = await this.take(signal)
    try {
      return await work()
    } finally {
      free()
    }
  }

  private wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.waiting.length >= this.queue) throw busyProblem(this.what)
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        const place = this.waiting.indexOf(turn)
        if (place >= 0) this.waiting.splice(place, 1)
        reject(new CancelledError('the caller left'))
      }
      this.waiting.push(turn)
      whenAborted(signal, leave)
    })
  }
}
