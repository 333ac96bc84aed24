import type { NodeConnection, Order } from '../../connection/port.ts'
import type { ApplyResult } from '../../mta/shared/results.ts'
import { settingsToPush } from '../../node/effective.ts'
import { newOrderId } from '../../node/order-id.ts'
import { baseOf, type KnownRevision, type NodeRecord } from '../../node/record.ts'
import type { NodeState } from '../../node/state.ts'
import type { Settings } from '../../node/settings.ts'
import { FailedError, NodeError, UnknownOutcomeError } from '../../outcome/errors.ts'
import type { JournalEntry, Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import type { Endings } from './endings.ts'
import type { Fleet } from './fleet.ts'
import type { KeptLeases } from './kept-leases.ts'
import { claimOf } from './lease.ts'
import type { OrderGuard } from './order-guard.ts'

/** What a node's session has of the run that it is part of. */
export interface SessionRun {
  /** Keeps Ctrl-C from an order that is under way. */
  readonly guard: OrderGuard
  readonly endings: Endings
  /** Keeps the leases that orders take; none: they go with each order. */
  readonly leases?: KeptLeases | undefined
}

/** One node while a command works on it: its record, its connection, and the account of the orders sent to it. */
export class Session {
  private first: Promise<NodeState> | undefined
  private readonly sent: string[] = []
  private made: number | undefined

  readonly profile: Profile

  /** Orders that the node has carried out, or may have begun: their verbs, as they were sent. */
  readonly begun: string[] = []

  constructor(
    readonly context: Context,
    private readonly fleet: Pick<Fleet, 'profile' | 'defaults'>,
    readonly node: NodeRecord,
    readonly connection: NodeConnection,
    private readonly run: SessionRun,
  ) {
    this.profile = fleet.profile
  }

  /** The node's effective settings: what a sync would tell it. */
  get wanted(): Settings {
    return settingsToPush(this.node.settings, this.fleet.defaults)
  }

  /** At which revision the profile, or this run, knows the node to be. */
  get base(): KnownRevision | undefined {
    return this.run.endings.of(this.node.id) ?? baseOf(this.node)
  }

  /** The node as it was before this session's first order; asked once. */
  before(): Promise<NodeState> {
    this.first ??= this.connection.status()
    return this.first
  }

  /** The ids of the orders that were sent, oldest first, and the last revision that the node was at by one of them. */
  get account(): { readonly orderIds: readonly string[]; readonly revision?: number } {
    return { orderIds: this.sent, ...(this.made === undefined ? {} : { revision: this.made }) }
  }

  /** Whether an order of this run, be it of another visit of the node, has this id. */
  isOfRun(orderId: string): boolean {
    return this.run.endings.sentTo(this.node.id).has(orderId)
  }

  /** Runs a change that Ctrl-C does not cut. @throws CancelledError when it came before */
  uncut<T>(change: () => Promise<T>): Promise<T> {
    return this.run.guard.run(change)
  }

  /**
   * Sends one changing order. It is noted durably before it leaves, and struck out when its end was seen and written; an order
   * whose end was not seen stays noted for the next command (see settlePending).
   * @param verb for the note: `sync`
   * @param send sends it and reads its end
   * @param appliedBy what it did to the node's revision, for the profile's base revision; undefined when it has no say in that
   */
  async order<T>(
    verb: string,
    reason: string,
    send: (order: Order) => Promise<T>,
    appliedBy: (result: T) => Applied | undefined,
  ): Promise<T> {
    const { context, profile, node } = this
    const now = context.clock()
    const order = {
      id: newOrderId(now),
      by: context.operator,
      reason,
      at: now.toISOString(),
      lockWait: context.run.lockWait,
      lease: this.run.leases?.claim(node, `mta ${verb}`) ?? claimOf(context, `mta ${verb}`),
    }
    const result = await this.run.guard.run(async () => {
      const base = this.run.endings.unwritten(node.id)
      await profile.orders.put(node.id, { id: order.id, verb, at: order.at, ...(base === undefined ? {} : { base }) })
      this.run.endings.noted(node.id, order.id)
      this.sent.push(order.id)
      try {
        return await send(order)
      } catch (error) {
        const seen = error instanceof NodeError && !(error instanceof UnknownOutcomeError)
        if (seen) await this.ended(order.id, undefined)
        if (error instanceof FailedError || error instanceof UnknownOutcomeError) this.begun.push(verb)
        this.run.leases?.failed(node, error)
        throw error
      }
    })
    this.begun.push(verb)
    this.run.leases?.took(node)
    const applied = appliedBy(result)
    if (applied !== undefined) this.made = applied.revision
    await this.ended(order.id, applied === undefined ? undefined : knownBy(applied, order.id))
    return result
  }

  /** Writes the journal's line on this node; trouble with that is a warning. */
  journal(line: JournalEntry): Promise<void> {
    return this.run.endings.journal(this.profile, this.node.id, line)
  }

  /** An order's end was seen: its note is struck out, once the profile knows the revision that the node is at by it. */
  async ended(orderId: string, known: KnownRevision | undefined): Promise<void> {
    const { node, profile, run } = this
    if (known === undefined) await run.endings.ended(profile, node.id, orderId)
    else run.endings.adopt(profile, node.id, known, orderId)
  }
}

type Applied = Pick<ApplyResult, 'revision' | 'wrote' | 'id'>

/** A revision that an order has made carries the order's id; one that it has found as it should be carries another's. */
function knownBy({ revision, wrote, id: told }: Applied, orderId: string): KnownRevision {
  const id = wrote ? orderId : told
  return { revision, ...(id === undefined ? {} : { id }) }
}
