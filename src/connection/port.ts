import type { LogRecord } from '../mta/logs.ts'
import type { LogQuery } from '../mta/driver.ts'
import type { ApplyResult, InterfaceInfo, Preview, PreviewOf, TextDiff, VerbResult } from '../mta/shared/results.ts'
import type { LeaseClaim, LeaseState } from '../node/lease.ts'
import type { OrderState } from '../node/revision.ts'
import type { Settings } from '../node/settings.ts'
import type { NodeState } from '../node/state.ts'

/** One changing order: its id lets a later command find out what became of it. */
export interface Order {
  readonly id: string
  /** `user@host` of the operator. */
  readonly by: string
  readonly reason: string
  /** ISO 8601 on the operator's clock. */
  readonly at: string
  /** Seconds to wait for another change that is at work on the node, or for another's lease. */
  readonly lockWait: number
  /** Taken by the node when the order begins, and given up when it is over unless it is to be kept. */
  readonly lease: LeaseClaim
}

export interface StartOrder extends Order {
  /** Do nothing where an order has stopped the MTA: whoever restarts by itself must not undo an operator's stop. */
  readonly unlessStopped?: boolean
}

/** What the caller believes the node to be at: a revision, nothing (`none`), or whatever it is (`any`). */
export type Expectation = number | 'none' | 'any'

/** What a revising order expects; the node compares it under its lock. */
export interface Expected {
  readonly expect: Expectation
  /** The id of the expected revision's record, where it is known: a node that was set up anew counts from 1 again. */
  readonly expectId?: string
}

export interface SyncOrder extends Order, Expected {
  readonly settings: Settings
  /** Reload or restart a running MTA so that it takes the revision in. */
  readonly restart: boolean
}

/** One that expects nothing goes back from whatever the node is at. */
export interface RollbackOrder extends Order, Partial<Expected> {}
/** What a status call is to find out beyond what is cheap. An agent of before version 1.2 of its API leaves it out. */
export interface StatusQuery {
  /** Count the queue to so many messages. */
  readonly countTo?: number
  /** Whether the MTA answers: where it seems not to, the node looks for some seconds. */
  readonly answers?: boolean
}

/**
 * A node, whatever the access. Two implementations (scripted over a host; the agent's client) are held to one
 * contract suite. Every method rejects with a {@link NodeError} that decides the outcome; a changing one whose end
 * was not seen rejects with {@link UnknownOutcomeError}.
 */
export interface NodeConnection {
  status(query?: StatusQuery): Promise<NodeState>
  start(order: StartOrder): Promise<VerbResult>
  stop(order: Order): Promise<VerbResult>
  restart(order: Order): Promise<VerbResult>
  /** Writes a revision and makes a running MTA take it in. @throws {@link ConflictError} when the node is elsewhere */
  sync(order: SyncOrder): Promise<ApplyResult>
  /** What a sync with these settings would change in the files, without writing. */
  diff(settings: Settings): Promise<readonly TextDiff[]>
  /**
   * What a sync or a rollback would do, without writing.
   * @throws {@link FailedError} when a rollback can't go where it should, or the node's agent is too old to tell
   */
  preview(of: PreviewOf): Promise<Preview>
  /**
   * Makes an earlier revision the current one again, as a new revision. `to` undefined: the one before.
   * @throws {@link ConflictError} when the node is elsewhere
   */
  rollback(order: RollbackOrder, to?: number): Promise<ApplyResult>
  /** What became of an order. */
  order(id: string): Promise<OrderState>
  /**
   * The same, and one that has not arrived is refused when it comes: what is told then is final. It is not where the
   * answer is `none` without `never`: an older agent, or a directory that is not prepared.
   * @param lockWait seconds to wait for a change that is at work
   */
  giveUp(id: string, lockWait: number): Promise<OrderState>
  /** The lease that counts on the node now. */
  lease(): Promise<LeaseState>
  /** Lets a lease that is kept live `ttl` seconds from now. @throws {@link NodeLockedError} when it is not there any more */
  renewLease(id: string, ttl: number): Promise<LeaseState>
  /**
   * Ends a lease, whoever has it; what tells is the one that is gone now: none when it was not there.
   * @param by `user@host`, for the node's own log
   * @throws {@link NodeLockedError} while an order is at work
   */
  releaseLease(id: string, by: string): Promise<LeaseState>
  interfaces(): Promise<readonly InterfaceInfo[]>
  /** Log lines, oldest first; ends by itself unless the query follows. Ending the iteration closes the feed. */
  logs(query: LogQuery): AsyncIterable<LogRecord>
  /** Ends the connection; never throws. */
  close(): Promise<void>
}
