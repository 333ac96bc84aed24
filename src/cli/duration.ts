import { UNIT_SECONDS } from '../node/setting-values.ts'
import { UsageError } from '../outcome/errors.ts'

/**
 * Reads a time such as `30s`, `5m`, `2h`, or a bare number of seconds.
 * @param flag for the message: `--pause-between`
 * @returns seconds
 * @throws UsageError that says what is allowed
 */
export function parseSeconds(text: string, flag: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd]?)$/.exec(text.trim()) ?? []
  if (digits !== undefined) return Number(digits) * (UNIT_SECONDS[unit || 's'] ?? 1)
  throw new UsageError(`${flag} does not understand '${text}'`, { hints: ['give a time such as 30s, 5m or 2h'] })
}
