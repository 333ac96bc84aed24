/** A timer that can stand still, for the time a user is asked something. */
export class Countdown {
  private timer: NodeJS.Timeout | undefined
  private left = 0
  private since = 0
  private end: (() => void) | undefined

  /** Begins anew. @param end called once the seconds are over */
  start(seconds: number, end: () => void): void {
    this.stop()
    this.left = seconds * 1000
    this.end = end
    this.resume()
  }

  pause(): void {
    if (this.timer === undefined) return
    this.left -= Date.now() - this.since
    clearTimeout(this.timer)
    this.timer = undefined
  }

  /** Goes on after a pause; does nothing once stopped. */
  resume(): void {
    const { end } = this
    if (this.timer !== undefined || end === undefined) return
    this.since = Date.now()
    this.timer = setTimeout(end, Math.max(0, this.left))
  }

  stop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.end = undefined
  }
}
