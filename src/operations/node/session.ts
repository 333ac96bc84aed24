import type { NodeConnection, Order } from '../../connection/port.ts'
import { settingsToPush } from '../../node/effective.ts'
import { newOrderId } from '../../node/order-id.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { NodeState } from '../../node/state.ts'
import type { Settings } from '../../node/settings.ts'
import { FailedError, NodeError, UnknownOutcomeError } from '../../outcome/errors.ts'
import type { Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import type { BaseRevisions } from './base-revision.ts'
import type { Fleet } from './fleet.ts'
import type { KeptLeases } from './kept-leases.ts'
import { claimOf, namingNode } from './lease.ts'
import type { OrderGuard } from './order-guard.ts'

/** What a node's session has of the run that it is part of. */
export interface SessionRun {
  /** Keeps Ctrl-C from an order that is under way. */
  readonly guard: OrderGuard
  readonly bases: BaseRevisions
  /** Keeps the leases that orders take; none: they go with each order. */
  readonly leases?: KeptLeases | undefined
}

/** One node while a command works on it: its record, its connection, and the account of the orders sent to it. */
export class Session {
  private first: Promise<NodeState> | undefined
  private last: { readonly id: string; readonly revision?: number } | undefined

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

  /** The node as it was before this session's first order; asked once. */
  before(): Promise<NodeState> {
    this.first ??= this.connection.status()
    return this.first
  }

  /** The last order that was sent, and the last revision that an order made. */
  get lastOrder(): { readonly id?: string; readonly revision?: number } {
    return this.last ?? {}
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
   * @param revisionOf the revision the node is at by this order, for the profile's base revision; undefined when it has no say in that
   */
  async order<T>(
    verb: string,
    reason: string,
    send: (order: Order) => Promise<T>,
    revisionOf: (result: T) => number | undefined,
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
      await profile.orders.put(node.id, { id: order.id, verb, at: order.at })
      this.run.bases.noted(node.id, order.id)
      this.last = { ...this.last, id: order.id }
      try {
        return await send(order)
      } catch (error) {
        const seen = error instanceof NodeError && !(error instanceof UnknownOutcomeError)
        if (seen) await this.ended(order.id, undefined)
        if (error instanceof FailedError || error instanceof UnknownOutcomeError) this.begun.push(verb)
        this.run.leases?.failed(node, error)
        throw namingNode(error, node.name)
      }
    })
    this.begun.push(verb)
    this.run.leases?.took(node)
    const revision = revisionOf(result)
    if (revision !== undefined) this.last = { id: order.id, revision }
    await this.ended(order.id, revision)
    return result
  }

  /** An order's end was seen: its note is struck out, once the profile knows the revision it made. */
  async ended(orderId: string, revision: number | undefined): Promise<void> {
    const { node, profile, run } = this
    if (revision === undefined) await run.bases.ended(profile, node.id, orderId)
    else run.bases.adopt(profile, node.id, revision, orderId)
  }
}
