/** A node's clock against this machine's. */
export interface ClockOffset {
  /** Milliseconds the node's clock is ahead; 0 when no difference can be told. */
  readonly ahead: number
  /** Milliseconds by which that may be wrong. */
  readonly accuracy: number
}

/**
 * Compares clocks by asking. A node tells whole seconds, at some moment of the question: a difference within that
 * doubt is none. A second question, over a connection that stands by then, narrows it.
 * @param ask the node's clock, in seconds since 1970
 * @param now this machine's, in milliseconds
 */
export async function clockOffset(ask: () => Promise<number>, now: () => number): Promise<ClockOffset> {
  let low = -Infinity
  let high = Infinity
  for (let question = 0; question < 2; question++) {
    const before = now()
    const seconds = await ask()
    const after = now()
    low = Math.max(low, seconds * 1000 - after)
    high = Math.min(high, seconds * 1000 + 1000 - before)
    if (low <= 0 && high >= 0) return { ahead: 0, accuracy: Math.max(-low, high) }
  }
  if (low > high) [low, high] = [high, low] // one of the clocks was set while it was asked
  return { ahead: Math.round((low + high) / 2), accuracy: Math.ceil((high - low) / 2) }
}
