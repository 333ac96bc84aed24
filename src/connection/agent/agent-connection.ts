import type * as v from 'valibot'
import type { LogQuery } from '../../mta/driver.ts'
import type { LogRecord } from '../../mta/logs.ts'
import type { ApplyResult, InterfaceInfo, Preview, PreviewOf, TextDiff, VerbResult } from '../../mta/shared/results.ts'
import type { LeaseState } from '../../node/lease.ts'
import type { OrderState } from '../../node/revision.ts'
import { endpoint } from '../../node/record.ts'
import type { Settings } from '../../node/settings.ts'
import type { NodeState } from '../../node/state.ts'
import { CancelledError, FailedError, UnreachableError } from '../../outcome/errors.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import type { Expected, NodeConnection, Order, RollbackOrder, StartOrder, StatusQuery, SyncOrder } from '../port.ts'
import { API, API_ROOT, HEARTBEAT, type AgentVersion, type ApiName } from '../wire/api.ts'
import { answerOf } from './answers.ts'
import { type Exchanged, type HttpRequest, exchange } from './exchange.ts'
import type { Asked } from './failure-answers.ts'
import { AgentLink } from './link.ts'
import { recordsOf } from './log-stream.ts'
import { agentLabel, openSecure } from './secure.ts'
import type { AgentTarget, AgentTimeouts } from './target.ts'
import { checkVersion, isOfTwo, knowsLeases, noApi, noLeases, unknownCall } from './version-check.ts'

/** What a connection to an agent is made with. */
export interface AgentParts {
  readonly policy: IdentityPolicy
  readonly timeouts: AgentTimeouts
  readonly signal?: AbortSignal | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
}

/** The minor version of the API since which a start may be told to leave a stopped MTA alone. */
const UNLESS_STOPPED = 1
/** And since which orders can be given up. */
const GIVES_UP = 2

/** What is put into a call's path or body. */
interface Given {
  readonly id?: string
  readonly body?: unknown
}

type Answered<N extends ApiName> = v.InferOutput<(typeof API)[N]['answer']>

/** A node behind its agent: every method is one call of the API. Nothing is opened before the first one. */
export class AgentConnection implements NodeConnection {
  private readonly link: AgentLink
  private readonly streams = new Set<AgentLink>()
  private readonly label: string
  private readonly origin: string
  private compatible: Promise<AgentVersion> | undefined

  constructor(
    private readonly target: AgentTarget,
    private readonly parts: AgentParts,
  ) {
    this.label = agentLabel(target)
    this.origin = `https://${endpoint(target.host.replace(/%.*/, ''), target.port)}` // a URL knows no zone of an address
    this.link = this.newLink()
  }

  /** What the agent says of itself. @throws FailedError when this akctl can't speak with it */
  async version(): Promise<AgentVersion> {
    const version = await this.call('version')
    checkVersion(this.label, this.target.name, version)
    return version
  }

  async status(query: StatusQuery = {}): Promise<NodeState> {
    const closer = query.countTo !== undefined || query.answers === true
    return closer && isOfTwo(await this.known()) ? this.call('look', { body: query }) : this.call('status')
  }

  async start(order: StartOrder): Promise<VerbResult> {
    const { unlessStopped = false } = order
    if (!unlessStopped) return this.send('start', order)
    const { api } = await this.known()
    if (api.minor < UNLESS_STOPPED) throw unknownCall(this.asked('start').where, this.target.name)
    return this.send('start', order, { unlessStopped })
  }

  stop(order: Order): Promise<VerbResult> {
    return this.send('stop', order)
  }

  restart(order: Order): Promise<VerbResult> {
    return this.send('restart', order)
  }

  async sync(order: SyncOrder): Promise<ApplyResult> {
    const { settings, expect, restart } = order
    const expected = { ...(await this.expected(order)), expect }
    return this.send('sync', order, { settings, ...expected, restart, addresses: this.target.addresses })
  }

  diff(settings: Settings): Promise<readonly TextDiff[]> {
    return this.call('diff', { body: { settings, addresses: this.target.addresses } })
  }

  async preview(of: PreviewOf): Promise<Preview> {
    const { addresses, name } = this.target
    if (isOfTwo(await this.known())) return this.call('preview', { body: 'to' in of ? of : { ...of, addresses } })
    if ('to' in of) throw unknownCall(this.asked('preview').where, name)
    return { files: await this.diff(of.settings) }
  }

  async rollback(order: RollbackOrder, to?: number): Promise<ApplyResult> {
    return this.send('rollback', order, { ...(await this.expected(order)), ...(to === undefined ? {} : { to }) })
  }

  order(id: string): Promise<OrderState> {
    return this.call('order', { id })
  }

  async giveUp(id: string, lockWait: number): Promise<OrderState> {
    const { api } = await this.known()
    if (api.minor < GIVES_UP) return this.order(id)
    return this.call('giveUp', { body: { id, lockWait } })
  }

  lease(): Promise<LeaseState> {
    return this.call('lease')
  }

  async renewLease(id: string, ttl: number): Promise<LeaseState> {
    await this.known()
    return this.call('renewLease', { body: { id, ttl } })
  }

  async releaseLease(id: string, by: string): Promise<LeaseState> {
    await this.known()
    return this.call('releaseLease', { body: { id, by } })
  }

  interfaces(): Promise<readonly InterfaceInfo[]> {
    return this.call('interfaces')
  }

  /** Over a connection of its own, which goes when the iteration ends. */
  async *logs(query: LogQuery): AsyncIterable<LogRecord> {
    const link = this.newLink()
    this.streams.add(link)
    const { source, lines, follow, since } = query
    const body = { source, lines, follow, ...(since === undefined ? {} : { since }) }
    const { signal, timeouts } = this.parts
    try {
      const request = await this.request('logs', { body }, link)
      const quiet = follow ? (timeouts.quiet ?? HEARTBEAT.dead) : timeouts.command
      yield* recordsOf(link.client, request, this.asked('logs'), { seconds: timeouts.command, quiet, signal })
    } finally {
      this.streams.delete(link)
      await link.destroy()
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.link, ...this.streams].map((link) => link.destroy()))
  }

  /** What an order expects, as far as the agent can be told: an older one compares nothing in a rollback, and no ids. */
  private async expected({ expect, expectId }: Partial<Expected>): Promise<Partial<Expected>> {
    if (expect === undefined || !isOfTwo(await this.known())) return {}
    return { expect, ...(expectId === undefined ? {} : { expectId }) }
  }

  private newLink(): AgentLink {
    const { policy, timeouts, signal, env, clock } = this.parts
    const parts = { target: this.target, policy, seconds: timeouts.connect, signal, env, clock }
    return new AgentLink(this.origin, () => openSecure(parts))
  }

  /**
   * A changing order, once the agent is known to be one that this akctl can speak with. Sent once, whatever comes. An
   * agent that knows no leases is sent none: its node's lock alone keeps two orders apart.
   */
  private async send<N extends ApiName>(name: N, order: Order, more: object = {}): Promise<Answered<N>> {
    const { id, by, reason, at, lockWait, lease } = order
    const knows = knowsLeases(await this.known())
    if (!knows && lease.keep) throw noLeases(this.asked(name).where, this.target.name)
    return this.call(name, { body: { id, by, reason, at, lockWait, ...(knows ? { lease } : {}), ...more } })
  }

  /** What the agent says of itself, asked once. */
  private async known(): Promise<AgentVersion> {
    this.compatible ??= this.version()
    try {
      return await this.compatible
    } catch (error) {
      this.compatible = undefined
      throw error
    }
  }

  private async call<N extends ApiName>(name: N, given: Given = {}): Promise<Answered<N>> {
    const asked = this.asked(name)
    const exchanged = await this.exchanged(name, given)
    if (exchanged.kind === 'answer' && exchanged.status === 404) throw await this.strange(name)
    return answerOf<(typeof API)[N]['answer']>(asked, API[name].answer, exchanged)
  }

  /** Sends a call; a reading one again when it met a connection that the agent had given up meanwhile. */
  private async exchanged(name: ApiName, given: Given): Promise<Exchanged> {
    const { changes } = API[name]
    const { timeouts, signal } = this.parts
    const options = { seconds: changes ? timeouts.change : timeouts.command, signal }
    const request = await this.request(name, given, this.link)
    const { stale } = this.link
    const first = await exchange(this.link.client, request, options)
    const again = !changes && stale && first.kind === 'none' && first.end === 'cut'
    return again ? exchange(this.link.client, request, options) : first
  }

  /** A call as it is written. The key is read once the agent's certificate was accepted, and is in nothing sent before. */
  private async request(name: ApiName, { id = '', body }: Given, link: AgentLink): Promise<HttpRequest> {
    const { method, path } = API[name]
    if (this.parts.signal?.aborted === true) throw new CancelledError(`${this.asked(name).where}: cancelled`)
    await link.verified()
    const key = await this.target.apiKey()
    const headers = { authorization: `Bearer ${key.reveal()}`, accept: '*/*' }
    const at = { method, path: `${API_ROOT}${path.replace(':id', encodeURIComponent(id))}` }
    if (body === undefined) return { ...at, headers }
    return { ...at, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  }

  /** Why the agent knows nothing of a call. */
  private async strange(name: ApiName): Promise<FailedError | UnreachableError> {
    const { where } = this.asked(name)
    const { name: node } = this.target
    if (name === 'version') return noApi(where, node)
    const exchanged = await this.exchanged('version', {})
    if (exchanged.kind === 'answer' && exchanged.status === 404) return noApi(where, node)
    checkVersion(this.label, node, answerOf(this.asked('version'), API.version.answer, exchanged))
    return unknownCall(where, node)
  }

  private asked(name: ApiName): Asked {
    return { where: `${name} on ${this.label}`, node: this.target.name, changes: API[name].changes }
  }
}
