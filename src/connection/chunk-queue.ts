import type { Readable } from 'node:stream'

/** How many bytes may wait for their reader before the other side is held up. */
const HIGH_WATER = 256 * 1024

/**
 * The bytes of a stream for one reader who may go away at any time: then the rest is read and dropped, which a stream's
 * own iterator does not do, so that the other side can end.
 */
export class ChunkQueue {
  private waiting: Buffer[] = []
  private size = 0
  private over = false
  private wake: () => void = () => undefined

  constructor(private readonly source: Readable) {
    source.on('data', (chunk: Buffer) => this.take(chunk))
    source.once('end', () => this.finish())
    source.once('close', () => this.finish())
  }

  /** What arrives, until the stream ends or is dropped. */
  async *chunks(): AsyncIterable<Buffer> {
    for (;;) {
      const chunk = this.waiting.shift()
      if (chunk !== undefined) {
        this.size -= chunk.length
        if (this.size < HIGH_WATER) this.source.resume()
        yield chunk
      } else if (this.over) return
      else await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** Ends the reading; whatever else arrives is dropped. */
  drop(): void {
    this.finish()
    this.waiting = []
    this.size = 0
    this.source.resume()
  }

  private take(chunk: Buffer): void {
    if (this.over) return
    this.waiting.push(chunk)
    this.size += chunk.length
    if (this.size >= HIGH_WATER) this.source.pause()
    this.wake()
  }

  private finish(): void {
    this.over = true
    this.wake()
  }
}
