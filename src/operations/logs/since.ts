import { UsageError } from '../../outcome/errors.ts'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads `--since`: a duration back from now (`15m`), a time of day (`HH:MM`, the last one), or an ISO 8601 time (local
 * without a zone).
 * @returns milliseconds since 1970
 * @throws UsageError that names the forms
 */
export function parseSince(text: string, now: Date): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now.getTime() - Number(count) * (UNIT_MS[unit] ?? 0)
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text) ?? []
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60) {
    const time = new Date(now)
    time.setHours(Number(hours), Number(minutes), Number(seconds), 0)
    if (time > now) time.setDate(time.getDate() - 1)
    return time.getTime()
  }
  const time = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)
    ? Date.parse(isoOf(text))
    : NaN
  if (!Number.isNaN(time)) return time
  throw new UsageError(`--since does not understand '${text}'`, {
    hints: ['give a duration (15m, 2h, 1d), a time of day (04:30) or an ISO time (2026-11-24T04:30:00Z)'],
  })
}

/** A date alone means its midnight here, as a time without a zone does. */
function isoOf(text: string): string {
  return text.length === 10 ? `${text}T00:00:00` : text.replace(' ', 'T')
}
