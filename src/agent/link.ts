import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { wordsOf } from './exits.ts'

/** Bytes of the longest message: an answer of a script is a MiB at most, and JSON may need six bytes for one of it. */
export const MESSAGE_LIMIT = 8 * 1024 * 1024
/** From a listener come calls alone, whose body is 64 KiB at most. */
export const CALL_LIMIT = 1024 * 1024

/** The other side of a link sent what the link does not carry. */
export class LinkError extends Error {}

/** Messages between the keeper and its listener: JSON, a line each, checked by a schema as they come. */
export class Link<In, Out> {
  /**
   * @param limit bytes of one message that comes
   * @param schema of a message that comes
   */
  constructor(
    private readonly stream: Duplex,
    private readonly limit: number,
    private readonly schema: v.GenericSchema<unknown, In>,
  ) {
    // A side that is gone shows as the end of the messages.
    stream.on('error', () => undefined)
  }

  /** Sends a message; nothing happens when the other side is gone. */
  send(message: Out): void {
    if (this.stream.writable) this.stream.write(`${JSON.stringify(message)}\n`)
  }

  /** What comes, until the other side is gone. @throws LinkError */
  async *messages(): AsyncIterable<In> {
    let pieces: Buffer[] = []
    let size = 0
    try {
      for await (const chunk of this.stream as AsyncIterable<Buffer>) {
        let rest = chunk
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
          pieces.push(rest.subarray(0, end))
          rest = rest.subarray(end + 1)
          yield this.read(Buffer.concat(pieces))
          pieces = []
          size = 0
        }
        pieces.push(rest)
        size += rest.length
        if (size > this.limit) throw new LinkError('a message is too long')
      }
    } catch (error) {
      if (error instanceof LinkError) throw error
      if (!(error instanceof Error && 'code' in error)) throw error // a broken pipe is an end
    }
  }

  /** Ends the link. */
  close(): void {
    this.stream.destroy()
  }

  private read(line: Buffer): In {
    try {
      return v.parse(this.schema, JSON.parse(line.toString('utf8')))
    } catch (error) {
      throw new LinkError(`a message is none: ${wordsOf(error).slice(0, 200)}`)
    }
  }
}
