import type { IncomingHttpHeaders } from 'node:http'
import type { Client, Dispatcher } from 'undici'
import { NodeError } from '../../outcome/errors.ts'
import { CappedOutput } from '../capped-output.ts'
import { whenAborted } from '../when-aborted.ts'

/** Largest answer, in bytes; the biggest honest one is a diff. */
export const ANSWER_LIMIT = 4 * 1024 * 1024

/** One request, as it is written. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What came of a request. */
export type Exchanged =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly text: string
      /** Why the body is not whole; absent when it is. */
      readonly cut?: string
    }
  /** No answer began; `sent`: the request may have been read by the other side. */
  | {
      readonly kind: 'none'
      readonly end: 'timeout' | 'aborted' | 'cut' | 'broken'
      readonly sent: boolean
      readonly why: string
    }

export interface ExchangeOptions {
  /** Until the answer has to be here, in seconds. */
  readonly seconds: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends a request and collects its answer. It is written once at most, and no redirect is followed.
 * @throws only a NodeError of the connector, before anything was sent
 */
export function exchange(client: Pick<Client, 'dispatch'>, request: HttpRequest, options: ExchangeOptions): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const { seconds, signal } = options
    const settle = (result: Exchanged | NodeError): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (result instanceof NodeError) reject(result)
      else resolve(result)
    }
    const handler = new Collector(settle)
    const onAbort = (): void => handler.giveUp('aborted', 'cancelled')
    const timer = setTimeout(() => handler.giveUp('timeout', `no answer within ${seconds} s`), seconds * 1000)
    whenAborted(signal, onAbort)
    const { method, path, headers, body = null } = request
    client.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, handler)
  })
}

type NoAnswer = Extract<Exchanged, { kind: 'none' }>

/** Told by undici how a request goes. */
class Collector implements Dispatcher.DispatchHandler {
  private readonly body = new CappedOutput(ANSWER_LIMIT)
  private controller: Dispatcher.DispatchController | undefined
  private head: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined
  private over = false

  constructor(private readonly settle: (result: Exchanged | NodeError) => void) {}

  /** Ends it from this side; a request that is not written yet never will be. */
  giveUp(end: NoAnswer['end'], why: string): void {
    const sent = this.controller !== undefined
    this.finish({ kind: 'none', end, sent, why })
    this.controller?.abort(new Error(why))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.over) controller.abort(new Error('given up'))
    else this.controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status >= 200) this.head = { status, headers }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.body.add(chunk)
    if (!this.body.overflow) return
    this.answered('the answer is over the limit')
    controller.abort(new Error('the answer is over the limit'))
  }

  onResponseEnd(): void {
    this.answered()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof NodeError && this.controller === undefined) {
      this.over = true
      this.settle(error)
    } else if (this.head !== undefined) this.answered(wordsOf(error))
    else {
      const end = isParserError(error) ? 'broken' : 'cut'
      this.finish({ kind: 'none', end, sent: this.controller !== undefined, why: wordsOf(error) })
    }
  }

  private answered(cut?: string): void {
    if (this.head === undefined) return
    this.finish({ kind: 'answer', ...this.head, text: this.body.text(), ...(cut === undefined ? {} : { cut }) })
  }

  private finish(result: Exchanged): void {
    if (this.over) return
    this.over = true
    this.settle(result)
  }
}

/** What is not HTTP/1.1, or has headers of more than 16 KiB. */
export function isParserError(error: Error & { readonly code?: unknown }): boolean {
  return error.name === 'HTTPParserError' || error.code === 'UND_ERR_HEADERS_OVERFLOW'
}

/** What went wrong with a connection, in words of our own where it is the usual. */
export function wordsOf(error: Error & { readonly code?: unknown }): string {
  if (error.code === 'UND_ERR_SOCKET') return 'the agent closed the connection'
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'the connection was reset'
  if (error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'the answer is not as long as it says'
  return error.message.slice(0, 200)
}
