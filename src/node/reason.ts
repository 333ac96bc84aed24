import { UsageError } from '../outcome/errors.ts'

/** The longest reason of a change, in characters: it is a line of the node's record, of its lease, and of an argument. */
export const REASON_MAX = 1024

/** What may be in a text that ends up in a record or a log: no line breaks, no control characters. */
export const PLAIN = /^[^\p{Cc}\u2028\u2029]*$/u

/**
 * A reason as typed, once it is known that every access takes it and every akctl reads it back.
 * @returns the text itself
 * @throws UsageError for one that is too long, or is not one line
 */
export function checkReason(text: string): string {
  const hints = ['give one line: --reason "$(git log -1 --format=%s)", say, instead of a whole commit message']
  if (!PLAIN.test(text)) throw new UsageError('--reason: line breaks and control characters are not allowed', { hints })
  if (text.length <= REASON_MAX) return text
  throw new UsageError(`--reason: at most ${REASON_MAX} characters, and these are ${text.length}`, { hints })
}
