import type { NodeConnection } from '../../connection/port.ts'
import { fanOut } from '../../fleet/fan-out.ts'
import { LEASE_TTL, type LeaseClaim } from '../../node/lease.ts'
import type { NodeRecord } from '../../node/record.ts'
import { ConflictError, FailedError, NodeLockedError, UnknownOutcomeError } from '../../outcome/errors.ts'
import type { Context, Opener } from '../context.ts'
import { claimOf } from './lease.ts'

/** Nodes whose leases are renewed or released at the same time. */
const WIDTH = 16

/**
 * The leases that a run keeps on nodes beyond its orders. Each order takes and keeps its node's lease; a heartbeat
 * renews them all until they are released. Of a run that dies they expire.
 */
export class KeptLeases {
  /** One for the run: it reads keys and trust only once. */
  readonly opener: Opener
  private readonly held = new Map<number, NodeRecord>()
  /** Nodes where an order failed that may have left its lease there. */
  private readonly doubtful = new Map<number, NodeRecord>()
  /** Nodes whose lease was found gone. They stay held: the node refuses the next order of this run. */
  private readonly lost = new Set<number>()
  private timer: NodeJS.Timeout | undefined
  private beating: Promise<void> | undefined

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
    return { ...claimOf(this.context, operation), ttl: this.ttl, keep: true, held: this.held.has(node.id) }
  }

  /** An order has ended well: its node's lease is held, and renewed from now on. */
  took(node: NodeRecord): void {
    this.held.set(node.id, node)
    this.timer ??= setInterval(() => this.beat(), (this.ttl * 1000) / 3).unref()
  }

  /** An order has ended badly. */
  failed(node: NodeRecord, error: unknown): void {
    const left = error instanceof FailedError || error instanceof ConflictError || error instanceof UnknownOutcomeError
    if (left && !(error instanceof NodeLockedError)) this.doubtful.set(node.id, node)
  }

  /**
   * Gives up one node's lease, whether or not it is known to be held. A failure is no more than a warning: the lease expires.
   * @param connection one that is there already; else one is opened
   */
  async release(node: NodeRecord, connection?: NodeConnection): Promise<void> {
    const { runner, operator } = this.context
    this.held.delete(node.id)
    this.doubtful.delete(node.id)
    if (this.held.size === 0) this.stop()
    const work = (to: NodeConnection): Promise<unknown> => to.releaseLease(runner.id, operator)
    try {
      await (connection === undefined ? this.connected(node, work) : work(connection))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.context.warn(`${node.name}: the lease could not be given up, and expires within ${this.ttl} s: ${why}`)
    }
  }

  /** Gives up all that are held, or may be. */
  async releaseAll(): Promise<void> {
    const nodes = [...new Map([...this.doubtful, ...this.held]).values()]
    this.stop()
    await this.beating
    await this.everywhere(nodes, (node) => this.release(node))
  }

  private stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  /** Renews all leases; one round at a time. */
  private beat(): void {
    const nodes = [...this.held.values()].filter(({ id }) => !this.lost.has(id))
    this.beating ??= this.everywhere(nodes, (node) => this.renew(node)).finally(() => {
      this.beating = undefined
    })
  }

  private async renew(node: NodeRecord): Promise<void> {
    const { runner } = this.context
    try {
      await this.connected(node, (connection) => connection.renewLease(runner.id, this.ttl))
    } catch (error) {
      // A node that can't be reached just now is asked again; a lease that expires meanwhile may still be there then.
      if (!(error instanceof NodeLockedError) || !this.held.has(node.id)) return
      this.lost.add(node.id)
      this.context.warn(`${node.name}: ${error.message}`)
    }
  }

  private async connected(node: NodeRecord, work: (connection: NodeConnection) => Promise<unknown>): Promise<void> {
    const { signal } = new AbortController() // Ctrl-C does not end what has to be put in order
    const connection = await this.opener.open(node, { ask: false, signal })
    try {
      await work(connection)
    } finally {
      await connection.close()
    }
  }

  private async everywhere(nodes: readonly NodeRecord[], work: (node: NodeRecord) => Promise<void>): Promise<void> {
    await fanOut(nodes, async (node) => (await work(node), { outcome: 'ok' }), { concurrency: WIDTH })
  }
}
