import { writeSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { StoreError } from '../outcome/errors.ts'

/** The three streams and what is known of them; tests hand in their own. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
}

/** stdout or stderr took no more: another document behind the cut one would only make it worse. */
export class OutputError extends StoreError {}

/**
 * Writes and waits until the stream took all of it. A reader that has gone (`| head -1`) is no error.
 * @throws OutputError when it could not be written: a cut answer must not look like a whole one
 */
export async function write(stream: Writable, text: string): Promise<void> {
  if (text === '') return
  try {
    if (isFile(stream)) writeAll(stream.fd, Buffer.from(text))
    else await writeTo(stream, text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EPIPE') return
    throw new OutputError(`the output could not be written: ${message}`, {
      hints: ['what the command did is done; only its answer is incomplete. Make room, or send the output elsewhere'],
      cause: error,
    })
  }
}

/** Keeps a reader that goes away from ending the process with a stack trace; `write` decides what it means. */
export function quietStreams(streams: Pick<Streams, 'stdout' | 'stderr'>): void {
  for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => undefined)
}

/** All of a stream as text. @param limit bytes; what is longer is refused by `tooLong` */
export async function readAll(stream: Readable, limit: number, tooLong: () => Error): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > limit) throw tooLong()
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function writeTo(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

/** Node writes to files by one write(2) whose short count it ignores: on a full disk the end would be lost silently. */
function isFile(stream: Writable): stream is Writable & { readonly fd: number } {
  return stream.constructor.name === 'SyncWriteStream' && 'fd' in stream && typeof stream.fd === 'number'
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
}
