import type { Settings } from './settings.ts'

/** The newest form of `send-module.json` that this akctl writes and reads. */
export const REVISION_SCHEMA = 1

/** What a node was told: the content of `send-module.json`. */
export interface RevisionRecord {
  readonly revision: number
  /** The order's id: how a later command finds out what became of an order whose end was not seen. */
  readonly id: string
  readonly settings: Settings
  readonly by: string
  /** ISO 8601, the operator's clock. */
  readonly at: string
  readonly reason: string
  readonly schema: number
}

/** How a changing order ended, as the node keeps it. */
export interface OrderState {
  readonly id: string
  readonly verb: string
  /** `none`: has not arrived, so far. `running`: still at work. `died`: its script ended in the middle. `done`: see outcome. */
  readonly state: 'none' | 'running' | 'died' | 'done'
  /** Of one that is `none`: that it did nothing is certain, and that it will be refused if it comes. */
  readonly never?: boolean
  readonly outcome?: 'ok' | 'changed' | 'failed'
  readonly revision?: number
}
