import type { Condition } from '../../node/condition.ts'
import type { Outcome } from '../../outcome/outcome.ts'

/** What a watch has to say. Of a node: what changed since the look before, and what was done about it. */
export const WATCH_EVENTS = [
  /** This process watches, and acts. */
  'watching',
  /** Another process watches this profile; this one waits to take over. */
  'standby',
  'down',
  'mute',
  'unreachable',
  'restarted',
  'restart-failed',
  /** No more tries until the MTA is well again, or an order has stopped it. */
  'gave-up',
  /** Well again, after one of the above. */
  'well',
  /** An order has stopped it. */
  'stopped',
  'ended',
] as const
export type WatchEventName = (typeof WATCH_EVENTS)[number]

/** One line of a watch: an object of `-o ndjson`, and what `--notify` gets on stdin. */
export interface WatchEvent {
  /** ISO 8601. */
  readonly at: string
  readonly event: WatchEventName
  /** Absent where it is about the watch itself. */
  readonly node?: string
  readonly message: string
  /** Which restart in a row it was, of `maxTries`. */
  readonly tries?: number
  readonly maxTries?: number
  /** Of an unreachable node: why. */
  readonly outcome?: Outcome
  /** Of the MTA that was restarted. */
  readonly pid?: number
  readonly orderId?: string
}

/** What one look at a node came to. */
export interface WatchedResult {
  readonly condition: Condition
  /** Whether its setting mta-observer is on; else it is only watched. */
  readonly observed: boolean
  /** Whether this look has restarted it. */
  readonly restarted: boolean
  readonly tries: number
  readonly gaveUp: boolean
  /** ISO 8601: no restart is tried before. */
  readonly next?: string
}

/** How nodes are watched. Seconds. */
export interface WatchOptions {
  /** Between two looks at a node; also where the pauses between tries begin. */
  readonly interval: number
  readonly maxTries: number
  /** How long an MTA must have run until what was before is forgotten, and may take until it listens. */
  readonly steady: number
  readonly concurrency: number
  /** A command of sh for every event of a node. */
  readonly notify?: string | undefined
}
