/** What became of an operation on one node. `docs/concepts.md` describes each word for operators. */
export const OUTCOMES = [
  'ok',
  'changed',
  'failed',
  'unreachable',
  'untrusted',
  'unauthorized',
  'timeout',
  'conflict',
  'cancelled',
  'unknown',
  'skipped',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** One node's line in a result: its outcome, and either what was found or what went wrong. */
export interface NodeOutcome<T> {
  readonly node: string
  readonly outcome: Outcome
  readonly result?: T
  readonly error?: ErrorReport
}

/** The printable form of an error: what happened, where, and what to do next. */
export interface ErrorReport {
  readonly kind: string
  readonly message: string
  /** Commands or actions that would help, most useful first. */
  readonly hints: readonly string[]
  /** The last lines of the MTA's own log, or of a script's stderr, where they explain the failure. */
  readonly detail?: readonly string[]
}
