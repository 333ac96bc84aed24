import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type {
  Expected,
  NodeConnection,
  Order,
  RollbackOrder,
  StartOrder,
  StatusQuery,
  SyncOrder,
} from '../../src/connection/port.ts'
import type { LogQuery } from '../../src/mta/driver.ts'
import { QUEUE_BOUND } from '../../src/mta/shared/operations.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import type { ApplyResult, InterfaceInfo, Preview, PreviewOf, TextDiff, VerbResult } from '../../src/mta/shared/results.ts'
import type { NodeRecord } from '../../src/node/record.ts'
import type { Lease, LeaseState } from '../../src/node/lease.ts'
import type { OrderState, RevisionRecord } from '../../src/node/revision.ts'
import type { Settings } from '../../src/node/settings.ts'
import type { NodeState, QueueCount } from '../../src/node/state.ts'
import type { Context } from '../../src/operations/context.ts'
import { ConflictError, FailedError, NodeLockedError, UnknownOutcomeError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { tempDir } from './temp.ts'

/** A node that is a few variables: keeps the port's promises, so that use cases can be tried in any situation. */
export class MemoryNode implements NodeConnection {
  record: RevisionRecord | undefined
  running = false
  installed = true
  /** What the last start, stop or restart was about. */
  wanted: NodeState['wanted']
  /** Runs, but listens on nothing. */
  mute = false
  /** Runs and listens, but does not answer: seen by who asks for that. */
  hung = false
  /** What it answers of its lease; default: the one that is kept on it is told by `lease` alone. */
  lent: Lease | undefined
  /** The revision that its process has loaded; default: the one it was told. */
  loaded: number | undefined
  /** Seconds it has run. */
  uptime = 1000
  /** Why the node can't be asked. */
  lost: Error | undefined
  readonly orders = new Map<string, OrderState>()
  /** Keeps no account long enough to tell that an order never came. */
  forgets = false
  /** Calls in the order they came. */
  readonly calls: string[] = []
  /** What happens to the next changing order: its end is not seen, before or after it was carried out. */
  cut: 'before' | 'after' | undefined
  /** What its log holds, oldest first, and what was asked of it. */
  log: LogRecord[] = []
  readonly queries: LogQuery[] = []
  /** Called when a log was read that is not followed. */
  betweenLogs: (() => void) | undefined
  /** A followed log ends when this does. */
  logEnds: Promise<void> = Promise.resolve()
  /** Seconds since 1970 by its own clock; default: the right time. */
  clock: (() => number) | undefined
  /** What `diff` finds. */
  files: readonly TextDiff[] = []
  /** What a preview says of the process. */
  took: 'none' | 'reload' | 'restart' = 'none'
  /** What would cut the connection. */
  signal: AbortSignal | undefined
  /** Files that were edited by hand; the next revision replaces them. */
  edited: readonly string[] = []
  /** Messages in its queue; undefined: not counted. */
  queue: number | undefined
  /** What every revision held. */
  private readonly told = new Map<number, Settings>()
  /** The lease that is kept on it. */
  kept: Lease | undefined
  /** Called when it is asked how it is. */
  statusCalled: (() => void) | undefined
  /** Called in the middle of a changing order. */
  during: (() => void | Promise<void>) | undefined

  status(query: StatusQuery = {}): Promise<NodeState> {
    this.calls.push('status')
    this.statusCalled?.()
    if (this.lost !== undefined) return Promise.reject(this.lost)
    const { running, installed, record, edited } = this
    const mute = this.mute || (this.hung && query.answers === true)
    const bound = Math.max(query.countTo ?? 0, QUEUE_BOUND)
    const counted = (messages: number): QueueCount => ({ messages: Math.min(messages, bound), capped: messages > bound })
    const loaded = running && record !== undefined ? { loaded: this.loaded ?? record.revision } : {}
    const told = record === undefined ? {} : { record }
    return Promise.resolve({
      running,
      installed,
      listening: [],
      edited,
      clock: this.clock?.() ?? Math.floor(Date.now() / 1000),
      ...(running ? { uptime: this.uptime } : {}),
      ...(running && mute ? { mute: true } : {}),
      ...(this.wanted === undefined ? {} : { wanted: this.wanted }),
      ...loaded,
      ...told,
      ...(this.queue === undefined ? {} : { queue: counted(this.queue) }),
      ...(this.lent === undefined ? {} : { lease: this.lent }),
    })
  }

  start(order: StartOrder): Promise<VerbResult> {
    return this.change('start', order, () => {
      if (order.unlessStopped === true && this.wanted === 'stopped') return { did: false, leftStopped: true }
      return this.power(true)
    })
  }

  stop(order: Order): Promise<VerbResult> {
    return this.change('stop', order, () => this.power(false))
  }

  restart(order: Order): Promise<VerbResult> {
    return this.change('restart', order, () => ({ ...this.power(true), did: true }))
  }

  sync(order: SyncOrder): Promise<ApplyResult> {
    return this.change('sync', order, () => {
      this.compare(order)
      return this.write(order, order.settings)
    })
  }

  rollback(order: RollbackOrder, to?: number): Promise<ApplyResult> {
    return this.change('rollback', order, () => {
      this.compare(order)
      const revision = to ?? (this.record?.revision ?? 0) - 1
      return { ...this.write({ ...order, reason: `back to ${revision}` }, this.told.get(revision) ?? {}), to: revision }
    })
  }

  private compare({ expect = 'any', expectId }: Partial<Expected>): void {
    const { revision: at = 0, id } = this.record ?? {}
    if (expect === 'any' || at === 0) return
    if (expect !== at || (expectId !== undefined && expectId !== id)) throw new ConflictError(`the node is at revision ${at}`)
  }

  diff(): Promise<readonly TextDiff[]> {
    return Promise.resolve(this.files)
  }

  async preview(of: PreviewOf): Promise<Preview> {
    const files = await this.diff()
    if (!('to' in of)) return { files, took: this.took }
    const revision = of.to === 'before' ? (this.record?.revision ?? 0) - 1 : of.to
    const settings = this.told.get(revision)
    if (settings === undefined) throw new FailedError(`the node can't go back to revision ${revision}`)
    return { files, took: this.took, record: { revision, settings, id: 'x', by: 'x', at: 'x', reason: 'x', schema: 1 } }
  }

  order(id: string): Promise<OrderState> {
    this.calls.push('order')
    return Promise.resolve(this.orders.get(id) ?? { id, verb: '', state: 'none' })
  }

  giveUp(id: string): Promise<OrderState> {
    this.calls.push('giveUp')
    const state = this.orders.get(id) ?? { id, verb: '', state: 'none', ...(this.forgets ? {} : { never: true }) }
    this.orders.set(id, state)
    return Promise.resolve(state)
  }

  lease(): Promise<LeaseState> {
    this.calls.push('lease')
    return Promise.resolve(this.answer(this.kept))
  }

  renewLease(id: string): Promise<LeaseState> {
    this.calls.push('renewLease')
    if (this.kept?.id !== id) return Promise.reject(new NodeLockedError('the lease is gone'))
    return Promise.resolve(this.answer(this.kept))
  }

  releaseLease(id: string): Promise<LeaseState> {
    this.calls.push('releaseLease')
    const gone = this.kept?.id === id ? this.kept : undefined
    if (gone !== undefined) this.kept = undefined
    return Promise.resolve(this.answer(gone))
  }

  interfaces(): Promise<readonly InterfaceInfo[]> {
    return Promise.resolve([])
  }

  async *logs(query: LogQuery): AsyncIterable<LogRecord> {
    this.queries.push(query)
    await Promise.resolve()
    yield* query.follow ? this.log : this.log.slice(-query.lines)
    if (!query.follow) return this.betweenLogs?.()
    await Promise.race([this.logEnds, new Promise((ended) => this.signal?.addEventListener('abort', ended))])
  }

  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }

  /** Somebody else's sync. */
  toldBy(by: string, settings: Settings): RevisionRecord {
    const revision = (this.record?.revision ?? 0) + 1
    this.record = { revision, id: `other-${revision}`, settings, by, at: '2026-11-24T03:00:00.000Z', reason: 'theirs', schema: 1 }
    return this.record
  }

  private async change<T extends VerbResult | ApplyResult>(verb: string, order: Order, work: () => T): Promise<T> {
    this.calls.push(verb)
    const { cut } = this
    this.cut = undefined
    if (cut === 'before') throw new UnknownOutcomeError('the link was cut')
    if (this.orders.has(order.id)) throw new FailedError(`order ${order.id} came too late`)
    this.take(order)
    await this.during?.()
    const result = work()
    this.orders.set(order.id, { id: order.id, verb, state: 'done', outcome: 'changed', revision: this.record?.revision ?? 0 })
    if (cut === 'after') throw new UnknownOutcomeError('the link was cut')
    return result
  }

  /** As the node's script does it, but that nothing expires. */
  private take({ lease, by, reason }: Order): void {
    const { id, keep, held, host, pid, operation } = lease
    const other = this.kept !== undefined && this.kept.id !== id
    if (other || (held && this.kept === undefined)) throw new NodeLockedError(`locked; see akctl locks show NODE`)
    this.kept = keep ? { id, host, pid, operation, by, reason, taken: 1, until: 61, kept: true } : undefined
  }

  private answer(lease: Lease | undefined): LeaseState {
    return { clock: 1, ...(lease === undefined ? {} : { lease }) }
  }

  private power(running: boolean): VerbResult {
    const did = this.running !== running || this.mute || this.hung
    this.running = running
    this.wanted = running ? 'running' : 'stopped'
    this.mute = false
    this.hung = false
    return { did }
  }

  private write(order: Order, settings: Settings): ApplyResult {
    const { id, by, at, reason } = order
    this.record = { revision: (this.record?.revision ?? 0) + 1, id, settings, by, at, reason, schema: 1 }
    this.told.set(this.record.revision, settings)
    const replaced = this.edited
    this.edited = []
    const saved = replaced.length === 0 ? {} : { saved: `revisions/${this.record.revision - 1}/conf` }
    return { wrote: true, revision: this.record.revision, id, took: 'none', running: this.running, replaced, ...saved }
  }
}

/** A context over a real store in a temporary folder, whose connections lead to nodes in memory. */
export interface MemoryWorld {
  readonly context: Context
  /** A terminal user's answer to the next questions; undefined: there is no terminal. */
  readonly terminal: { answer: boolean | undefined }
  /** The questions asked. */
  readonly questions: string[]
  readonly notes: string[]
  readonly abort: AbortController
  readonly profile: Profile
  node(name: string): MemoryNode
  /** Time stands still unless moved, in milliseconds. */
  readonly clock: { now: number }
}

/** Called at the top of a test file; what it gives makes a world with these nodes, in this order. */
export function memoryWorlds(): (names: readonly string[]) => Promise<MemoryWorld> {
  const root = tempDir()
  return (names) => memoryWorld(mkdtempSync(join(root, 'home-')), names)
}

async function memoryWorld(directory: string, names: readonly string[]): Promise<MemoryWorld> {
  const home = openHome({ AKCTL_HOME: directory })
  const profile = await home.open()
  const nodes = new Map(names.map((name) => [name, new MemoryNode()]))
  await profile.update((data) => ({ data: { ...data, nodes: names.map(recordOf), nextId: names.length + 1 }, result: undefined }))
  const notes: string[] = []
  const nothing = (): void => undefined
  const questions: string[] = []
  const terminal: MemoryWorld['terminal'] = { answer: undefined }
  const abort = new AbortController()
  const clock = { now: Date.parse('2026-11-24T04:00:00.000Z') }
  const node = (name: string): MemoryNode => {
    const found = nodes.get(name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }
  const context: Context = {
    env: { SSH_AUTH_SOCK: '/nowhere' },
    clock: () => new Date(clock.now),
    operator: 'ann@desk',
    runner: { id: '01JE3Z4Q9W8V7T6S5R4P3N2M1K', host: 'desk', pid: 4711 },
    run: { connectTimeout: 1, authTimeout: 1, commandTimeout: 1, changeTimeout: 1, keepAlive: 1, lockWait: 1, grace: 1 },
    prompter: {
      get canAsk() {
        return terminal.answer !== undefined
      },
      text: () => Promise.reject(new Error('asked')),
      secret: () => Promise.reject(new Error('asked')),
      choice: () => Promise.reject(new Error('asked')),
      confirm: (question) => {
        questions.push(question)
        return Promise.resolve(terminal.answer === true)
      },
    },
    home: () => home,
    profile: () => Promise.resolve(profile),
    connector: {
      open: ({ name }, { signal }) => {
        node(name).signal = signal
        return Promise.resolve(node(name))
      },
      keeping() {
        return { open: (of, options) => this.open(of, options), end: () => Promise.resolve() }
      },
    },
    stdin: () => Promise.reject(new Error('nothing on stdin')),
    progress: () => ({ started: nothing, settled: nothing, part: (words) => void notes.push(words), end: nothing }),
    note: (text) => void notes.push(text),
    warn: (text) => void notes.push(`warning: ${text}`),
    signal: abort.signal,
  }
  return { context, notes, questions, terminal, abort, profile, node, clock }
}

function recordOf(name: string, index: number): NodeRecord {
  return {
    id: index + 1,
    name,
    host: 'localhost',
    directory: `/opt/${name}`,
    access: 'local',
    mta: 'postfix',
    sudo: false,
    addresses: [],
    labels: {},
    settings: {},
    createdAt: '2026-11-24T00:00:00.000Z',
  }
}
