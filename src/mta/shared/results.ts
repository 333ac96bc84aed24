import type { RevisionRecord } from '../../node/revision.ts'
import type { Settings } from '../../node/settings.ts'

/** What a start, stop or restart did. */
export interface VerbResult {
  /** False for a named no-op: a running MTA was started, a stopped one stopped. */
  readonly did: boolean
  /** True for a start that did nothing because an order has stopped the MTA (`unlessStopped`). */
  readonly leftStopped?: boolean
  readonly pid?: number
  readonly revision?: number
}

/** What an install did. */
export interface InstallResult {
  /** False when the directory had a revision already. */
  readonly made: boolean
  /** True where the MTA was there before, configured by its own files, which stay as they are. */
  readonly adopted?: boolean
  readonly revision: number
  readonly version?: string
}

/** What a sync or rollback did. */
export interface ApplyResult {
  /** False when the node already had exactly this. */
  readonly wrote: boolean
  readonly revision: number
  /** The id of that revision's record; an agent of before version 1.2 of its API does not tell it. */
  readonly id?: string
  /** Of a rollback: the revision whose settings and files the node has again; absent as `id` is. */
  readonly to?: number
  /** What the running process went through; `left` when it still has to (`--no-restart`), `none` when nothing was needed. */
  readonly took: 'none' | 'reload' | 'restart' | 'left'
  readonly running: boolean
  /** Hand-edited files that were replaced (`base`: the base had changed and was taken in). */
  readonly replaced: readonly string[]
  /** The folder on the node where the text of replaced hand edits stays. */
  readonly saved?: string
}

/** A file that a sync would change: a unified diff of its text. */
export interface TextDiff {
  readonly file: string
  /** `pending`: the settings ask for it; `edited`: changed by hand since akctl wrote it; `base`: the base has changed. */
  readonly cause: 'pending' | 'edited' | 'base'
  readonly diff: string
}

/** What a sync or rollback would do. */
export interface Preview {
  readonly files: readonly TextDiff[]
  /** What the running process would go through; absent where the node's agent is too old to tell. */
  readonly took?: 'none' | 'reload' | 'restart'
  /** The revision that a rollback would go back to. */
  readonly record?: RevisionRecord
}

/** What is to be previewed: a sync with these settings, or a rollback to a revision (`before`: the one before the current). */
export type PreviewOf = { readonly settings: Settings } | { readonly to: number | 'before' }

/** One address of a node. */
export interface InterfaceInfo {
  readonly name: string
  readonly address: string
  /** `address:port` pairs the MTA listens on with this address. */
  readonly listens: readonly string[]
}
