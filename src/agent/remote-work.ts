import type { LogRecord } from '../mta/logs.ts'
import { CancelledError } from '../outcome/errors.ts'
import type { Link } from './link.ts'
import type { FromKeeper, FromListener } from './messages.ts'
import { Problem } from './problems.ts'
import type { CallName, Work } from './work.ts'
import { whenAborted } from '../connection/when-aborted.ts'

type Reply = Extract<FromKeeper, { readonly id: number }>

/** The node as a listener sees it: orders go to the keeper, which does the work. */
export class RemoteWork implements Work {
  private last = 0
  private readonly waiting = new Map<number, (reply: Reply) => void>()

  constructor(private readonly link: Link<FromKeeper, FromListener>) {}

  /** Takes what the keeper answered. */
  take(reply: Reply): void {
    const waiting = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    waiting?.(reply)
  }

  async call(name: CallName, input: unknown, signal: AbortSignal): Promise<unknown> {
    const id = this.newId()
    const cancel = (): void => this.link.send({ type: 'cancel', id })
    try {
      const asked = this.ask({ type: 'call', id, name, input })
      whenAborted(signal, cancel)
      const reply = await asked
      if (reply.type === 'answer') return reply.value
      throw errorOf(reply)
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  async *logs(query: unknown, signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    const id = this.newId()
    const cancel = (): void => this.link.send({ type: 'cancel', id })
    try {
      this.link.send({ type: 'call', id, name: 'logs', input: query })
      whenAborted(signal, cancel)
      for (;;) {
        const reply = await this.ask({ type: 'pull', id })
        if (reply.type !== 'records') throw errorOf(reply)
        if (reply.records.length > 0) yield reply.records
        if (reply.done) return
      }
    } finally {
      signal.removeEventListener('abort', cancel)
      cancel()
    }
  }

  private newId(): number {
    this.last += 1
    return this.last
  }

  private ask(message: Extract<FromListener, { readonly id: number }>): Promise<Reply> {
    return new Promise((resolve) => {
      this.waiting.set(message.id, resolve)
      this.link.send(message)
    })
  }
}

function errorOf(reply: Reply): Error {
  return reply.type === 'problem'
    ? new Problem(reply.status, reply.report, reply.headers)
    : new CancelledError('an answer of another kind')
}
