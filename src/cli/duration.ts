import { UNIT_SECONDS } from '../node/setting-values.ts'
import { UsageError } from '../outcome/errors.ts'

/** A week. Node's timers take 24 days, and run at once when they are given more. */
export const MAX_SECONDS = 7 * 86_400

/**
 * Reads a time such as `30s`, `5m`, `2h`, or a bare number of seconds.
 * @param flag for the message: `--pause-between`
 * @returns seconds
 * @throws UsageError that says what is allowed
 */
export function parseSeconds(text: string, flag: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd]?)$/.exec(text.trim()) ?? []
  const seconds = Number(digits) * (UNIT_SECONDS[unit || 's'] ?? 1)
  if (seconds <= MAX_SECONDS) return seconds
  if (digits !== undefined)
    throw new UsageError(`${flag} is ${text.trim()}: too long`, { hints: ['give a week (7d) at the most'] })
  throw new UsageError(`${flag} does not understand '${text}'`, { hints: ['give a time such as 30s, 5m or 2h'] })
}
