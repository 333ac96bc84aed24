import * as v from 'valibot'
import { LocalHost } from '../connection/local/local-host.ts'
import type { NodeConnection, Order } from '../connection/port.ts'
import { ScriptedConnection } from '../connection/scripted/scripted-connection.ts'
import { API, API_VERSION, type AgentVersion } from '../connection/wire/api.ts'
import {
  diffRequest,
  giveUpRequest,
  logsRequest,
  lookRequest,
  orderRequest,
  previewRequest,
  releaseRequest,
  renewRequest,
  rollbackRequest,
  startRequest,
  syncRequest,
} from '../connection/wire/requests.ts'
import type { LogQuery } from '../mta/driver.ts'
import { driverOf } from '../mta/drivers.ts'
import { LEASE_TTL, type LeaseClaim } from '../node/lease.ts'
import type { LogRecord } from '../mta/logs.ts'
import { CancelledError } from '../outcome/errors.ts'
import type { AgentLog } from './agent-log.ts'
import { Batches } from './batches.ts'
import type { AgentConfig } from './config.ts'
import { checked } from './input.ts'
import { agentLogRecords } from './log-lines.ts'
import { Slots } from './slots.ts'
import { agentRelease } from './version.ts'
import type { CallName, Work } from './work.ts'
import { whenAborted } from '../connection/when-aborted.ts'

/** Seconds a reading and a changing call may take; a changing one may wait for its lock before that. */
const READING = 30
const CHANGING = 180

/** Where the node is, as node.json says. */
export type Place = Pick<AgentConfig, 'directory' | 'service' | 'mta'>

/** Calls that change nothing. */
type ReadName = 'version' | 'status' | 'look' | 'interfaces' | 'order' | 'diff' | 'preview' | 'lease'

/** The node itself: the driver's scripts, run on this machine. */
export class ScriptedWork implements Work {
  private readonly reading = new Slots('too many calls wait', 8, 64)
  private readonly changing = new Slots('too many changes wait', 16, 0)
  private readonly feeds = new Slots('too many logs are being read', 16, 0)
  private readonly atWork = new Set<Promise<unknown>>()

  constructor(
    private readonly place: () => Place,
    private readonly log: AgentLog,
  ) {}

  async call(name: CallName, input: unknown, signal: AbortSignal): Promise<unknown> {
    if (!API[name].changes) return this.reading.run(() => this.perform(name, input, signal), signal)
    // Whoever asked may leave: a change that was begun is finished.
    const work = this.changing.run(() => this.perform(name, input, undefined))
    this.atWork.add(work)
    const over = (): boolean => this.atWork.delete(work)
    work.then(over, over)
    return work
  }

  async *logs(query: unknown, signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    const wanted = queryOf(checked(logsRequest, query))
    const free = await this.feeds.take()
    const ended = new AbortController()
    const end = (): void => ended.abort()
    whenAborted(signal, end)
    const batches = new Batches(
      wanted.source === 'agent'
        ? agentLogRecords(this.log, wanted, ended.signal)
        : this.connection([], { signal: ended.signal }).logs(wanted),
    )
    try {
      for (let batch = await batches.next(); batch !== undefined; batch = await batches.next()) {
        if (signal.aborted) return
        yield batch
      }
    } finally {
      signal.removeEventListener('abort', end)
      ended.abort()
      await batches.close()
      free()
    }
  }

  /** Waits until no changing call is at work. */
  async settled(): Promise<void> {
    while (this.atWork.size > 0) await Promise.allSettled(this.atWork)
  }

  /** Checks the input, whoever has checked it before, and does the call. */
  private async perform(name: CallName, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted === true) throw new CancelledError('the caller left')
    const read = signal === undefined ? {} : { signal }
    switch (name) {
      case 'version':
        return this.version()
      case 'status':
        return this.connection([], read).status()
      case 'look':
        return this.connection([], read).status(checked(lookRequest, input))
      case 'interfaces':
        return this.connection([], read).interfaces()
      case 'order':
        return this.connection([], read).order(checked(API.order.params, input).id)
      case 'diff': {
        const { settings, addresses } = checked(diffRequest, input)
        return this.connection(addresses, read).diff(settings)
      }
      case 'preview': {
        const of = checked(previewRequest, input)
        return this.connection('to' in of ? [] : of.addresses, read).preview(of)
      }
      case 'lease':
        return this.connection([], read).lease()
      case 'start':
      case 'stop':
      case 'restart':
      case 'sync':
      case 'rollback':
      case 'giveUp':
      case 'renewLease':
      case 'releaseLease':
        return this.change(name, input)
    }
  }

  /** What changes the node, or its lease. */
  private change(name: Exclude<CallName, ReadName>, input: unknown): Promise<unknown> {
    switch (name) {
      case 'start': {
        const { unlessStopped, ...rest } = checked(startRequest, input)
        const order = claimed(rest)
        return this.connection([], order).start(unlessStopped === undefined ? order : { ...order, unlessStopped })
      }
      case 'stop':
      case 'restart': {
        const order = claimed(checked(orderRequest, input))
        return this.connection([], order)[name](order)
      }
      case 'sync': {
        const { addresses, ...order } = checked(syncRequest, input)
        return this.connection(addresses, order).sync(claimed(order))
      }
      case 'rollback': {
        const { to, ...order } = checked(rollbackRequest, input)
        return this.connection([], order).rollback(claimed(order), to)
      }
      case 'giveUp': {
        const { id, lockWait } = checked(giveUpRequest, input)
        return this.connection([], { lockWait }).giveUp(id, lockWait)
      }
      case 'renewLease': {
        const { id, ttl } = checked(renewRequest, input)
        return this.connection([], {}).renewLease(id, ttl)
      }
      case 'releaseLease': {
        const { id, by } = checked(releaseRequest, input)
        return this.connection([], {}).releaseLease(id, by)
      }
    }
  }

  private version(): AgentVersion {
    return { agent: agentRelease(), api: API_VERSION, mta: this.place().mta, node: process.version }
  }

  private connection(
    addresses: readonly string[],
    call: { readonly lockWait?: number; readonly signal?: AbortSignal },
  ): NodeConnection {
    const { directory, service, mta } = this.place()
    const installation = { directory, addresses, ...(service === undefined ? {} : { service }) }
    return new ScriptedConnection(new LocalHost('the node', false, 'the node'), driverOf(mta), installation, {
      timeout: READING,
      changeTimeout: CHANGING + (call.lockWait ?? 0),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
  }
}

/** An order of an akctl that knows no leases has one all the same, as long as it is at work. */
function claimed<T extends Omit<Order, 'lease'> & { readonly lease?: LeaseClaim }>(order: T): T & Order {
  const { id, by, lease } = order
  const own = { id, host: by.replace(/^.*@/, ''), pid: 0, operation: 'an order', ttl: LEASE_TTL, keep: false, held: false }
  return { ...order, lease: lease ?? own }
}

function queryOf(query: v.InferOutput<typeof logsRequest>): LogQuery {
  const { since, ...rest } = query
  return since === undefined ? rest : { ...rest, since }
}
