import type { Synced } from '../../node/state.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { ChangeResult, KeyChange } from '../mta/results.ts'
import type { FieldChange } from '../nodes/edit.ts'

/** What a plan means to do with a node. `sync`: its record stays, but it is not as it would be told. */
export const ACTIONS = ['create', 'change', 'delete', 'sync', 'none'] as const
export type Action = (typeof ACTIONS)[number]

/** How a node is, compared with what it would be told after the plan. */
export interface Drift {
  readonly synced: Synced
  /** False when there is no MTA in the node's directory yet. */
  readonly installed: boolean
  readonly revision?: number
  /** Who wrote the revision, and when. */
  readonly by?: string
  readonly at?: string
  /** What the node was told, and what it would be told. */
  readonly keys: readonly KeyChange[]
  /** Files that were edited by hand. */
  readonly edited: readonly string[]
}

/** One node of a plan, or of what came of it. */
export interface FleetNodeResult {
  readonly action: Action
  /** Fields of the record, as words for people. */
  readonly fields: readonly FieldChange[]
  /** Settings of the record. */
  readonly settings: readonly KeyChange[]
  /** Whether the node is told its settings. */
  readonly syncs: boolean
  /** Absent when the node was not asked, or did not answer. */
  readonly drift?: Drift
  /** What the sync did; absent in a plan. */
  readonly sync?: ChangeResult
}

/** A group that changes. */
export interface GroupChange {
  readonly name: string
  readonly from?: string
  readonly to?: string
}

/** A plan, or what was applied, as a whole. */
export interface FleetSummary {
  /** The fleet file, or the plan. */
  readonly file: string
  readonly profile: string
  /** Whether the nodes were asked how they are. */
  readonly asked: boolean
  readonly dryRun: boolean
  readonly create: number
  readonly change: number
  readonly delete: number
  readonly sync: number
  /** Nodes of the profile that the file does not name, and that are left alone. */
  readonly unlisted: number
  readonly unlistedGroups: number
  readonly defaults: readonly KeyChange[]
  readonly groups: readonly GroupChange[]
  /** The file a plan was written to. */
  readonly out?: string
}

/** What `fleet plan` and `fleet apply` report. */
export interface FleetReport {
  readonly data: FleetSummary
  /** Nodes that differ, or that could not be asked. */
  readonly nodes: readonly NodeOutcome<FleetNodeResult>[]
  readonly differences?: boolean
}
