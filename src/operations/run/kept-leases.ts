import type { NodeConnection } from '../../connection/port.ts'
import { fanOut } from '../../fleet/fan-out.ts'
import { LEASE_TTL, type LeaseClaim } from '../../node/lease.ts'
import type { NodeRecord } from '../../node/record.ts'
import { ConflictError, FailedError, NodeLockedError, UnknownOutcomeError } from '../../outcome/errors.ts'
import type { Context, Opener } from '../context.ts'
import { claimOf } from './lease.ts'

/** Nodes whose leases are released at the same time. */
const WIDTH = 16

/** A node whose lease this run has, or may have. */
interface Kept {
  readonly node: NodeRecord
  /**
   * `held`: it has. `doubtful`: an order failed that may have left its lease. `lost`: the lease was found gone; it stays
   * among them, as the node is to refuse the next order of this run.
   */
  state: 'held' | 'doubtful' | 'lost'
  readonly beat: NodeJS.Timeout
  /** Cuts a renewal that is under way. */
  readonly cut: AbortController
}

/**
 * The leases that a run keeps on nodes beyond its orders. Each order takes and keeps its node's lease; a heartbeat of the
 * node's own, which no other node holds up, renews it until it is released. Of a run that dies they expire.
 */
export class KeptLeases {
  /** One for the run: it reads keys and trust only once. */
  readonly opener: Opener
  private readonly kept = new Map<number, Kept>()

  /**
   * @param opener what connects, where the command keeps its connections
   * @param ttl seconds that a lease outlives the last sign of life
   */
  constructor(
    private readonly context: Context,
    opener?: Opener,
    private readonly ttl: number = LEASE_TTL,
  ) {
    this.opener = opener ?? context.connector
  }

  /** What an order claims whose lease is kept. */
  claim(node: NodeRecord, operation: string): LeaseClaim {
    const kept = this.kept.get(node.id)
    const held = kept !== undefined && kept.state !== 'doubtful'
    return { ...claimOf(this.context, operation), ttl: this.ttl, keep: true, held }
  }

  /** An order has ended well: its node's lease is held, and renewed from now on. */
  took(node: NodeRecord): void {
    this.keep(node, 'held')
  }

  /** An order has ended badly. */
  failed(node: NodeRecord, error: unknown): void {
    const left = error instanceof FailedError || error instanceof ConflictError || error instanceof UnknownOutcomeError
    if (left && !(error instanceof NodeLockedError) && !this.kept.has(node.id)) this.keep(node, 'doubtful')
  }

  /**
   * Gives up one node's lease, whether or not it is known to be held. A failure is no more than a warning: the lease expires.
   * @param connection one that is there already; else one is opened
   */
  async release(node: NodeRecord, connection?: NodeConnection): Promise<void> {
    const { runner, operator } = this.context
    const kept = this.kept.get(node.id)
    if (kept !== undefined) this.forget(kept)
    const work = (to: NodeConnection): Promise<unknown> => to.releaseLease(runner.id, operator)
    try {
      const { signal } = new AbortController() // Ctrl-C does not end what has to be put in order
      await (connection === undefined ? this.connected(node, signal, work) : work(connection))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.context.warn(`${node.name}: the lease could not be given up, and expires within ${this.ttl} s: ${why}`)
    }
  }

  /** Gives up all that are held, or may be. */
  async releaseAll(): Promise<void> {
    const all = [...this.kept.values()]
    for (const kept of all) this.forget(kept)
    const nodes = all.map(({ node }) => node)
    await fanOut(nodes, async (node) => (await this.release(node), { outcome: 'ok' }), { concurrency: WIDTH })
  }

  private keep(node: NodeRecord, state: Kept['state']): void {
    const before = this.kept.get(node.id)
    if (before !== undefined) {
      before.state = state
      return
    }
    const beat = setInterval(() => void this.renew(kept), this.period).unref()
    const kept: Kept = { node, state, beat, cut: new AbortController() }
    this.kept.set(node.id, kept)
  }

  private forget(kept: Kept): void {
    clearInterval(kept.beat)
    kept.cut.abort()
    this.kept.delete(kept.node.id)
  }

  /** Milliseconds between two renewals, and that one may take: what hangs is given up when the next one is due. */
  private get period(): number {
    return Math.round((this.ttl * 1000) / 3)
  }

  private async renew(kept: Kept): Promise<void> {
    const { node, cut } = kept
    const due = AbortSignal.any([cut.signal, AbortSignal.timeout(this.period)])
    try {
      await this.connected(node, due, (connection) => connection.renewLease(this.context.runner.id, this.ttl))
      if (kept.state === 'doubtful') kept.state = 'held'
    } catch (error) {
      // A node that can't be reached just now is asked again; a lease that expires meanwhile may still be there then.
      if (!(error instanceof NodeLockedError) || cut.signal.aborted || kept.state === 'lost') return
      if (kept.state === 'doubtful') {
        this.forget(kept) // its order has left none
        return
      }
      clearInterval(kept.beat)
      kept.state = 'lost'
      this.context.warn(`${node.name}: ${error.message}`)
    }
  }

  private async connected(
    node: NodeRecord,
    signal: AbortSignal,
    work: (connection: NodeConnection) => Promise<unknown>,
  ): Promise<void> {
    const connection = await this.opener.open(node, { ask: false, signal })
    try {
      await work(connection)
    } finally {
      await connection.close()
    }
  }
}
