import type { Answer } from './answer.ts'
import type { Pieces } from './program.ts'

/** The largest answer a script may give, in bytes; more is cut off and reported as an error. */
export const ANSWER_LIMIT = 1024 * 1024

/**
 * One operation on a node: a constant shell text, the values it is called with, and the reading of its answer.
 * The text never contains a value; values arrive as `$1…`, bulk data on stdin (`payload FILE` in the text).
 */
export interface Script<T> {
  /** For messages: `postfix status`. */
  readonly name: string
  readonly text: Pieces
  readonly args: readonly string[]
  readonly payload?: Uint8Array
  /** True when a run whose end was not seen may have changed the node: its outcome is then `unknown`. */
  readonly changes: boolean
  /**
   * Reads the answer of a run that exited 0.
   * @throws {@link FailedError} when the answer is not what this script prints
   */
  interpret(answer: Answer): T
}

/** A long-running reader (logs): its text ends when its stdin ends, so a closed channel leaves nothing running. */
export interface Feed<T> {
  readonly name: string
  readonly text: Pieces
  readonly args: readonly string[]
  /** Reads one line; undefined for a line that carries nothing. */
  parse(line: string): T | undefined
}
