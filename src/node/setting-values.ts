import { isIP } from 'node:net'
import { UsageError } from '../outcome/errors.ts'
import type { SettingDef, SettingValue } from './settings.ts'

/** Seconds in each duration unit. */
export const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 }
const UNIT_NAMES: Readonly<Record<string, string>> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' }

const TRUE = new Set(['true', 'on', 'yes'])
const FALSE = new Set(['false', 'off', 'no'])

/** RFC 5322 field name: printable ASCII but the colon. */
export const HEADER_NAME = /^[\x21-\x39\x3b-\x7e]+$/
/** RFC 5322 addr-spec in its plain form: dot-atom @ domain. */
export const ADDR_SPEC =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/

/**
 * Reads a value as typed into its canonical form: durations in seconds, switches as booleans, addresses as a list.
 * @throws {@link UsageError} that names the key, what was given and what is allowed
 */
export function parseValue(def: SettingDef, text: string): SettingValue {
  if (text === '') {
    throw new UsageError(`${def.key}: no value given`, { hints: [`to remove a setting: akctl settings unset NODE ${def.key}`] })
  }
  const value = PARSERS[def.type](def, text)
  if (value === undefined) throw new UsageError(`${def.key}: "${text}" is not allowed: give ${allowed(def)}`)
  return value
}

/** What a value may be, in words: `a whole number from 1 to 10000 (messages)`. */
export function allowed(def: SettingDef): string {
  switch (def.type) {
    case 'int':
      return `a whole number from ${def.min} to ${def.max}${def.unit === undefined ? '' : ` (${def.unit})`}`
    case 'duration':
      return `a duration from ${def.min}${def.unit} to ${def.max}${def.unit}: ${def.suggested}, or a bare number of ${UNIT_NAMES[def.unit ?? 's']}`
    case 'bool':
      return 'true, false, on, off, yes or no'
    case 'header':
      return `a header name without colon or spaces, at most ${def.max} characters`
    case 'email':
      return 'one plain address, such as postmaster@example.com'
    case 'ips':
      return 'IPv4 or IPv6 addresses separated by commas'
  }
}

/** A canonical value as an operator would type it: `5d`, `20m`, `on`, `203.0.113.5,203.0.113.6`. */
export function formatValue(def: SettingDef, value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'object') return value.join(',')
  return def.type === 'duration' ? formatDuration(Number(value)) : String(value)
}

/** In the largest unit that divides it: `90s`, `20m`, `5d`. */
function formatDuration(seconds: number): string {
  const unit = seconds === 0 ? 's' : (['d', 'h', 'm'].find((name) => seconds % (UNIT_SECONDS[name] ?? 1) === 0) ?? 's')
  return `${seconds / (UNIT_SECONDS[unit] ?? 1)}${unit}`
}

type Parser = (def: SettingDef, text: string) => SettingValue | undefined

const PARSERS: Readonly<Record<SettingDef['type'], Parser>> = {
  int: (def, text) => (/^\d{1,9}$/.test(text) ? within(def, Number(text)) : undefined),
  duration: parseDuration,
  bool: (_, text) => (TRUE.has(text.toLowerCase()) ? true : FALSE.has(text.toLowerCase()) ? false : undefined),
  header: (def, text) => (HEADER_NAME.test(text) && text.length <= (def.max ?? 76) ? text : undefined),
  email: (_, text) => (ADDR_SPEC.test(text) && text.length <= 254 ? text : undefined),
  ips: (_, text) => {
    const ips = text.split(',').map((ip) => ip.trim())
    return ips.every((ip) => isIP(ip) !== 0) && new Set(ips).size === ips.length ? ips : undefined
  },
}

function within(def: SettingDef, value: number): number | undefined {
  return value >= (def.min ?? 0) && value <= (def.max ?? Number.MAX_SAFE_INTEGER) ? value : undefined
}

/** `30s`, `5m`, `7d`, or a bare number in the key's unit; a finer unit than the key's is refused. */
function parseDuration(def: SettingDef, text: string): number | undefined {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text)
  if (match === null) return undefined
  const keySeconds = UNIT_SECONDS[def.unit ?? 's'] ?? 1
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] || (def.unit ?? 's')] ?? 1)
  const inUnit = seconds / keySeconds
  if (match[2] !== '' && (UNIT_SECONDS[match[2] ?? ''] ?? 0) < keySeconds) return undefined
  return Number.isInteger(inUnit) && within(def, inUnit) !== undefined ? seconds : undefined
}
