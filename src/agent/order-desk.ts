import { API } from '../connection/wire/api.ts'
import { reportOf } from '../outcome/errors.ts'
import type { LogRecord } from '../mta/logs.ts'
import type { Note } from './agent-log.ts'
import { wordsOf } from './exits.ts'
import { checked } from './input.ts'
import { type Link, LinkError } from './link.ts'
import type { FromKeeper, FromListener } from './messages.ts'
import { busyProblem, toProblem } from './problems.ts'
import type { Work } from './work.ts'

type Order = Extract<FromListener, { readonly type: 'call' }>

/** Feeds of one listener at a time; those at work are fewer still (see ScriptedWork). */
const FEEDS = 64

interface Feed {
  readonly records: AsyncIterator<readonly LogRecord[]>
  pulling: boolean
}

/** Where a listener's orders arrive. It may do what a client with a key may, and nothing else. */
export class OrderDesk {
  private readonly calls = new Map<number, AbortController>()
  private readonly feeds = new Map<number, Feed>()

  constructor(
    private readonly work: Work,
    private readonly link: Link<FromListener, FromKeeper>,
    private readonly note: Note,
  ) {}

  /** Takes an order, a pull or a cancel. @throws LinkError for what an honest listener does not send */
  take(message: Extract<FromListener, { readonly id: number }>): void {
    switch (message.type) {
      case 'call':
        if (this.calls.has(message.id)) throw new LinkError('two orders have one number')
        if (message.name === 'logs') this.open(message)
        else void this.perform(message, message.name)
        return
      case 'pull':
        void this.pull(message.id, this.feeds.get(message.id))
        return
      case 'cancel':
        this.cancel(message.id)
        return
    }
  }

  /** Ends what a listener that is gone was reading; changes go on. */
  close(): void {
    for (const call of this.calls.values()) call.abort()
    for (const feed of this.feeds.values()) void feed.records.return?.()
    this.feeds.clear()
  }

  private async perform({ id, input }: Order, name: Exclude<Order['name'], 'logs'>): Promise<void> {
    const left = new AbortController()
    this.calls.set(id, left)
    try {
      this.link.send({ type: 'answer', id, value: await this.work.call(name, input, left.signal) })
    } catch (error) {
      this.refuse(id, error)
    } finally {
      this.calls.delete(id)
    }
  }

  /** What is kept of a feed that nobody has pulled yet is small: the query was checked, and there are not many. */
  private open({ id, input }: Order): void {
    try {
      const query = checked(API.logs.body, input)
      if (this.feeds.size >= FEEDS) throw busyProblem('too many logs are being read')
      const left = new AbortController()
      this.calls.set(id, left)
      this.feeds.set(id, { records: this.work.logs(query, left.signal)[Symbol.asyncIterator](), pulling: false })
    } catch (error) {
      this.refuse(id, error)
    }
  }

  private cancel(id: number): void {
    this.calls.get(id)?.abort()
    const feed = this.feeds.get(id)
    // A pull that is under way sees that it was cancelled; between two of them nothing else would end the feed.
    if (feed?.pulling === false) this.forget(id, feed)
  }

  private async pull(id: number, feed: Feed | undefined): Promise<void> {
    if (feed === undefined) {
      this.link.send({ type: 'records', id, records: [], done: true }) // it crossed the feed's end, or its cancel
      return
    }
    if (feed.pulling) return // a second one before the first was answered is not waited for
    feed.pulling = true
    try {
      const step = await feed.records.next()
      this.link.send({ type: 'records', id, records: step.done === true ? [] : [...step.value], done: step.done === true })
      if (step.done === true || this.calls.get(id)?.signal.aborted === true) this.forget(id, feed)
    } catch (error) {
      this.forget(id, feed)
      this.refuse(id, error)
    } finally {
      feed.pulling = false
    }
  }

  private forget(id: number, feed: Feed): void {
    this.calls.delete(id)
    this.feeds.delete(id)
    void feed.records.return?.()
  }

  private refuse(id: number, error: unknown): void {
    const { status, report, headers } = toProblem(error)
    if (report.kind === 'bug') {
      this.note({ level: 'error', event: 'bug', why: wordsOf(error), where: reportOf(error).detail?.join(' ') })
    }
    this.link.send({ type: 'problem', id, status, report: plain(report), headers: { ...headers } })
  }
}

type PlainReport = Extract<FromKeeper, { readonly type: 'problem' }>['report']

function plain({ kind, message, hints, detail }: ReturnType<typeof toProblem>['report']): PlainReport {
  return { kind, message, hints: [...hints], ...(detail === undefined ? {} : { detail: [...detail] }) }
}
