import type { Lease } from './lease.ts'
import type { RevisionRecord } from './revision.ts'
import type { Settings } from './settings.ts'
import { differingKeys } from './settings.ts'

/** What a status call finds on a node. */
export interface NodeState {
  readonly running: boolean
  readonly pid?: number
  /** Seconds the MTA process has run. */
  readonly uptime?: number
  readonly version?: string
  /** `address:port` the MTA listens on, sorted. */
  readonly listening: readonly string[]
  /** True for one that runs and listens on nothing, though its configuration says where; or, where that was asked, does not answer. */
  readonly mute?: boolean
  /** What the last start, stop or restart was about; absent on a node that none has touched. */
  readonly wanted?: Wanted
  readonly queue?: QueueCount
  /** False when `nodes install` has not prepared the directory yet. */
  readonly installed: boolean
  readonly record?: RevisionRecord
  /** The revision the running process has loaded; absent when nothing runs or it can't be told. */
  readonly loaded?: number
  /** Files akctl wrote that are not as it wrote them, relative to the revision; `base` for the operator's base. */
  readonly edited: readonly string[]
  /** The node's clock, seconds since 1970. */
  readonly clock: number
  /** Who is at work on the node, or keeps it. */
  readonly lease?: Lease
}

/** What an MTA should do by the last order. */
export const WANTED = ['running', 'stopped'] as const
export type Wanted = (typeof WANTED)[number]

/** Messages in the queue; `capped` when counting stopped at the bound. */
export interface QueueCount {
  readonly messages: number
  readonly capped: boolean
}

/** SYNCED: `reload` is written but not loaded, `edited` is changed by hand. */
export const SYNCED = ['yes', 'no', 'edited', 'reload', 'never', 'unknown'] as const
export type Synced = (typeof SYNCED)[number]

/**
 * Whether a node is as told, as a proof from its record, its files' sums and what its process has loaded.
 * A stopped MTA counts as loaded: it reads the current revision when it starts.
 */
export function syncedOf(state: NodeState | undefined, wanted: Settings): Synced {
  if (state === undefined) return 'unknown'
  if (state.record === undefined || state.record.revision === 0) return 'never'
  if (state.edited.length > 0) return 'edited'
  if (differingKeys(state.record.settings, wanted).length > 0) return 'no'
  if (state.running && state.loaded !== state.record.revision) return 'reload'
  return 'yes'
}
