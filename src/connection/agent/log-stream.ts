import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Client, Dispatcher } from 'undici'
import * as v from 'valibot'
import type { LogRecord } from '../../mta/logs.ts'
import { FailedError, NodeError, TimeoutError, UnreachableError } from '../../outcome/errors.ts'
import { CappedOutput } from '../capped-output.ts'
import { LINE_LIMIT, linesOf } from '../lines.ts'
import { logRecord } from '../wire/shapes.ts'
import { withoutAnswer } from './answers.ts'
import { type Exchanged, type HttpRequest, isParserError, wordsOf } from './exchange.ts'
import { type Asked, failureAnswer, jsonOf } from './failure-answers.ts'
import { whenAborted } from '../when-aborted.ts'

/** What is kept of a refusal's text, in bytes. */
const REFUSAL_LIMIT = 64 * 1024

export interface StreamOptions {
  /** Until the answer begins; in seconds. */
  readonly seconds: number
  /** Until more of it comes, a sign of life at least; in seconds. */
  readonly quiet: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The records of a streamed answer, one a line. A line longer than 64 KiB is left out, and says so. Ends quietly when
 * the signal aborts.
 * @throws FailedError for a line that is no record, UnreachableError for a stream that was cut, and what the agent says
 */
export async function* recordsOf(
  client: Pick<Client, 'dispatch'>,
  request: HttpRequest,
  asked: Asked,
  options: StreamOptions,
): AsyncIterable<LogRecord> {
  const { signal } = options
  const stream = await openStream(client, request, asked, options)
  const onAbort = (): void => void stream.destroy(new Error('cancelled'))
  whenAborted(signal, onAbort)
  try {
    if (signal?.aborted === true) return
    for await (const line of linesOf(stream as AsyncIterable<Buffer>)) {
      if (line !== '') yield recordIn(line, asked)
    }
  } catch (error) {
    if (signal?.aborted === true) return
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stream.destroy()
  }
}

function recordIn(line: string, { where }: Asked): LogRecord {
  const parsed = v.safeParse(logRecord, jsonOf(line))
  if (parsed.success) return parsed.output
  if (line.length >= LINE_LIMIT) return { level: 'notice', text: '(a log line of more than 64 KiB was left out)' }
  throw new FailedError(`${where}: a line of the answer is no log record: ${line.slice(0, 200)}`)
}

/** Sends the request and waits for the answer to begin. @throws a NodeError */
function openStream(
  client: Pick<Client, 'dispatch'>,
  request: HttpRequest,
  asked: Asked,
  { seconds, quiet, signal }: StreamOptions,
): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const settle = (result: Readable | Error): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
    const stream = new StreamedAnswer(asked, settle)
    const giveUp = (end: 'timeout' | 'aborted', why: string): void => {
      settle(withoutAnswer(asked, { kind: 'none', end, sent: true, why }))
      stream.body.destroy()
    }
    const onAbort = (): void => giveUp('aborted', 'cancelled')
    const timer = setTimeout(() => giveUp('timeout', `no answer within ${seconds} s`), seconds * 1000)
    whenAborted(signal, onAbort)
    const { method, path, headers, body = null } = request
    client.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: quiet * 1000 }, stream)
  })
}

/** Passes an answer's body on as it comes, as fast as it is read. */
class StreamedAnswer implements Dispatcher.DispatchHandler {
  readonly body: Readable
  private controller: Dispatcher.DispatchController | undefined
  private refusal: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined
  private readonly text = new CappedOutput(REFUSAL_LIMIT)

  constructor(
    private readonly asked: Asked,
    private readonly settle: (result: Readable | Error) => void,
  ) {
    this.body = new Readable({
      read: () => this.controller?.resume(),
      destroy: (error, done) => {
        this.controller?.abort(new Error('no longer read'))
        done(error)
      },
    })
    this.body.on('error', () => undefined) // it may fail before anybody reads it
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.body.destroyed) controller.abort(new Error('given up'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    if (status < 300) this.settle(this.body)
    else this.refusal = { status, headers }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.refusal !== undefined) this.text.add(chunk)
    else if (!this.body.push(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.refusal === undefined) this.body.push(null)
    else this.settle(failureAnswer(this.asked, { ...this.refusal, text: this.text.text() }))
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const failure = this.failureOf(error)
    this.settle(failure)
    this.body.destroy(failure)
  }

  private failureOf(error: Error & { readonly code?: unknown }): NodeError {
    const { where } = this.asked
    if (error instanceof NodeError) return error
    if (this.refusal !== undefined) return failureAnswer(this.asked, { ...this.refusal, text: this.text.text() })
    if (error.code === 'UND_ERR_BODY_TIMEOUT') return new TimeoutError(`${where}: the answer stopped in the middle`)
    if (isParserError(error)) return withoutAnswer(this.asked, noAnswer('broken', error))
    return new UnreachableError(`${where}: the connection was lost (${wordsOf(error)})`)
  }
}

function noAnswer(end: 'broken', error: Error): Extract<Exchanged, { kind: 'none' }> {
  return { kind: 'none', end, sent: true, why: wordsOf(error) }
}
