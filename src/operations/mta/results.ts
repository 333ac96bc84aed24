import type { TextDiff } from '../../mta/shared/results.ts'
import type { NodeState, Synced } from '../../node/state.ts'
import type { SettingKey, SettingValue } from '../../node/settings.ts'

/** What `mta status` tells of a node. */
export interface MtaStatus extends NodeState {
  readonly synced: Synced
  /** What `--expect` asked for and was not found. */
  readonly unmet: readonly Expected[]
}

/** What `mta status --expect` may ask for. */
export const EXPECTED = ['running', 'stopped', 'synced'] as const
export type Expected = (typeof EXPECTED)[number]

/** One setting in which what the node was told and what it should be told differ. */
export interface KeyChange {
  readonly key: SettingKey
  /** Absent: the node was not told this setting. */
  readonly told?: SettingValue
  /** Absent: nobody has set it any more. */
  readonly wanted?: SettingValue
}

/** One thing a changing verb did, or would do. */
export type Step =
  /** A revision was written. */
  | 'wrote'
  | 'reloaded'
  | 'restarted'
  /** Written, but the running process still has the old revision (`--no-restart`). */
  | 'not-loaded'
  | 'started'
  | 'stopped'

/** What a changing verb did on a node, or (dry run) would do. */
export interface ChangeResult {
  readonly verb: 'start' | 'stop' | 'restart' | 'sync' | 'rollback'
  readonly dryRun: boolean
  /** In the order done; empty for a no-op. */
  readonly steps: readonly Step[]
  /** Whether the MTA runs after it, as far as that was seen. */
  readonly running?: boolean
  readonly pid?: number
  /** The node's revision after it; for a dry run, the one it has. */
  readonly revision?: number
  /** Of a rollback: the revision whose settings and files the node has again, or (dry run) would have. */
  readonly to?: number
  readonly synced?: Synced
  /** What the node was not told before. */
  readonly keys?: readonly KeyChange[]
  /** Dry run only: the files that would change. */
  readonly files?: readonly TextDiff[]
  /** Hand-edited files that were replaced, or `base` where the operator's base had changed and was taken in. */
  readonly replaced?: readonly string[]
  /** The folder on the node where the text of replaced hand edits stays. */
  readonly saved?: string
  /** The run failed, and the node was put back to what it had before. */
  readonly putBack?: PutBack
}

/** What of a change was put back. */
export interface PutBack {
  /** The revision whose settings the node has again, and the new one that they are in. */
  readonly to?: number
  readonly revision?: number
  readonly power?: 'started' | 'stopped'
}

/** What `mta diff` found on a node. */
export interface DiffResult {
  readonly synced: Synced
  readonly revision?: number
  readonly keys: readonly KeyChange[]
  readonly files: readonly TextDiff[]
}
