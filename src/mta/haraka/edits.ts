import type { SettingKey, SettingValue, Settings } from '../../node/settings.ts'
import type { Edit, Installation } from '../driver.ts'

const DAY = 86_400

type ToEdits = (value: SettingValue, installation: Installation) => readonly Edit[]

/** How one setting's canonical value becomes edits; a setting without an entry has none. */
const EDITS: Readonly<Partial<Record<SettingKey, ToEdits>>> = {
  'spool-channel-size': (size) => [['ini', 'outbound.ini', 'main', 'concurrency_max', String(size)]],
  'retry-channel-size': (size) => own('retry_limit', { size: String(size) }),
  'spool-cleaner-timeout': (seconds) => [
    ['ini', 'outbound.ini', 'main', 'temp_fail_intervals', retryIntervals(Number(seconds))],
    ...own('spool_age', { seconds: String(seconds) }),
  ],
  'dns-lookup-timeout': (seconds) => lookupTime(Number(seconds)),
  'dns-cache-expire': (seconds) => (seconds === 0 ? [] : own('dns_cache', { seconds: String(seconds) })),
  'esmtp-connection-timeout': (seconds) => [['ini', 'outbound.ini', 'main', 'connect_timeout', String(seconds)]],
  // In quotes: a name of digits stays a text, and one that ends in a backslash does not take in the next line.
  'fbl-header-name': (name) => own('fbl_header', { name: `"${String(name)}"` }),
  'smtp-admin-email': (address) => [['bounces-from', String(address)]],
  'smtp-listen-only-interfaces': (ips) => [['listen', String(ips)]],
  'smtp-responses-to-syslog': (on) => (on === false ? [] : own('smtp_responses', {})),
  profiling: (on, { directory }) => (on === false ? [] : own('profiler', { folder: `${directory}/profiles` })),
  'clear-spool-after-delivery': (clear, { directory }) =>
    clear === true ? [] : own('keep_delivered', { folder: `${directory}/kept` }),
}

/** The edits of all set values, in the same order whatever the order of the settings, and of the addresses to send from. */
export function harakaEdits(settings: Settings, installation: Installation): readonly Edit[] {
  const { addresses } = installation
  return [
    ...Object.entries(EDITS).flatMap(([key, toEdits]) => {
      const value = settings[key as SettingKey]
      return value === undefined ? [] : toEdits(value, installation)
    }),
    ...(addresses.length === 0 ? [] : own('addresses', { list: addresses.join(',') })),
  ]
}

/** One of akctl's own Haraka plugins, with its values in a section of akctl.ini. */
function own(plugin: string, values: Readonly<Record<string, string>>): readonly Edit[] {
  return [
    ...Object.entries(values).map(([key, value]) => ['ini', 'akctl.ini', plugin, key, value]),
    ['plugin', `akctl/${plugin}`],
  ]
}

/**
 * Time for a DNS answer. The resolver of Node.js (c-ares 1.34) waits 5 s at most for the first try, whatever it is told,
 * and twice as long for each further one: measured, as its documentation says neither.
 */
function lookupTime(seconds: number): readonly Edit[] {
  const tries = seconds <= 5 ? 1 : seconds <= 15 ? 2 : 3
  const first = Math.round((seconds * 1000) / (2 ** tries - 1))
  return [
    ['ini', 'net-utils.ini', 'dns', 'timeout', String(first)],
    ['ini', 'net-utils.ini', 'dns', 'tries', String(tries)],
  ]
}

/**
 * Retry intervals that add up to a message's whole life: Haraka bounces it after the last one. Dense in the first
 * hours, then every four hours (the spirit of RFC 5321, 4.5.4.1).
 * @param seconds the life, a whole number of days
 */
function retryIntervals(seconds: number): string {
  const rest = Math.round(seconds / DAY) * 6 - 1
  return `1m,4m,10m,15m,30m,1h,2h,4h*${rest}`
}
