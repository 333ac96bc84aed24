import { setImmediate } from 'node:timers/promises'
import type { LogRecord } from '../mta/logs.ts'

/** Bounds of a batch: records, and characters of text. */
const RECORDS = 256
const CHARACTERS = 256 * 1024
/** A longer line is cut off: with its JSON around it, it stays below what the other side takes as a line. */
const LINE = 32 * 1024

/** Log records by the batch: what has come since the last one was taken, and no more than a batch is kept. */
export class Batches {
  private batch: LogRecord[] = []
  private characters = 0
  private ended = false
  private error: Error | undefined
  private closed = false
  private wake: (() => void) | undefined
  private resume: (() => void) | undefined
  private readonly pump: Promise<void>

  constructor(source: AsyncIterable<LogRecord>) {
    this.pump = this.fill(source)
  }

  /** The next batch; waits for its first record. Undefined when there will be none. @throws what the source threw */
  async next(): Promise<readonly LogRecord[] | undefined> {
    while (this.batch.length === 0 && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve))
    await setImmediate() // what arrived together goes on together
    const taken = this.batch
    this.batch = []
    this.characters = 0
    this.resume?.()
    if (taken.length > 0) return taken
    if (this.error !== undefined) throw this.error
    return undefined
  }

  /** Ends the source, which must be told to end if it waits for something. */
  async close(): Promise<void> {
    this.closed = true
    this.resume?.()
    await this.pump
  }

  private async fill(source: AsyncIterable<LogRecord>): Promise<void> {
    try {
      for await (const record of source) {
        if (this.closed) break
        const text = record.text.slice(0, LINE)
        this.batch.push({ ...record, text })
        this.characters += text.length
        this.wake?.()
        while (this.full()) await new Promise<void>((resolve) => (this.resume = resolve))
      }
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error))
    } finally {
      this.ended = true
      this.wake?.()
    }
  }

  private full(): boolean {
    return !this.closed && (this.batch.length >= RECORDS || this.characters >= CHARACTERS)
  }
}
