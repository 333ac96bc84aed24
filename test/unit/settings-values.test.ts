import { allowed, formatValue, parseValue } from '../../src/node/setting-values.ts'
import { findSetting, sameValue, settingDefs, type SettingValue } from '../../src/node/settings.ts'
import { UsageError } from '../../src/outcome/errors.ts'

function value(key: string, text: string): SettingValue {
  const def = findSetting(key)
  if (def === undefined) throw new Error(`no setting ${key}`)
  return parseValue(def, text)
}

function refusal(key: string, text: string): UsageError {
  try {
    value(key, text)
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error(`${key}=${text} was not refused`)
}

test('there are the 23 settings of the page, each once by key and by label', () => {
  expect(settingDefs()).toHaveLength(23)
  expect(new Set(settingDefs().map(({ key }) => key)).size).toBe(23)
  expect(new Set(settingDefs().map(({ label }) => label.toLowerCase())).size).toBe(23)
  for (const def of settingDefs()) expect([findSetting(def.key), findSetting(def.label)]).toEqual([def, def])
})

test.each(['dns-lookup-timeout', 'DNS lookup timeout', 'dns LOOKUP Timeout', ' dns-lookup-timeout '])(
  '%j names a setting',
  (name) => {
    expect(findSetting(name)?.key).toBe('dns-lookup-timeout')
  },
)

test.each(['', 'dns', 'dns_lookup_timeout', 'constructor', '__proto__'])('%j names none', (name) => {
  expect(findSetting(name)).toBeUndefined()
})

test('every suggested value is allowed, and is printed as it is typed', () => {
  for (const def of settingDefs())
    expect([def.key, formatValue(def, parseValue(def, def.suggested))]).toEqual([def.key, def.suggested])
})

test('the bounds of every number are allowed, what lies beyond is refused with the range', () => {
  for (const def of settingDefs()) {
    if (def.min === undefined || def.max === undefined) continue
    const [low, high] = [def.min, def.max].map(String) as [string, string]
    expect(() => [parseValue(def, low), parseValue(def, high)]).not.toThrow()
    for (const beyond of [String(def.max + 1), ...(def.min > 0 ? [String(def.min - 1)] : ['-1'])]) {
      expect(refusal(def.key, beyond).message).toContain(`${def.key}: "${beyond}" is not allowed`)
      expect(refusal(def.key, beyond).message).toContain(String(def.max))
    }
  }
})

test.each<[string, string, number]>([
  ['dns-lookup-timeout', '5', 5],
  ['dns-lookup-timeout', '5s', 5],
  ['esmtp-connection-timeout', '2m', 120],
  ['dns-cache-expire', '1h', 3600],
  ['dns-cache-expire', '1d', 86400],
  ['dns-cache-expire', '0', 0],
  ['spool-cleaner-timeout', '7', 7 * 86400],
  ['spool-cleaner-timeout', '7d', 7 * 86400],
  ['spool-readers', '02', 2],
])('%s=%s is %d', (key, text, wanted) => {
  expect(value(key, text)).toBe(wanted)
})

test.each<[string, string]>([
  ['spool-cleaner-timeout', '48h'],
  ['spool-cleaner-timeout', '86400s'],
  ['spool-cleaner-timeout', '31d'],
  ['dns-lookup-timeout', '1.5s'],
  ['dns-lookup-timeout', '-5s'],
  ['dns-lookup-timeout', '5 s'],
  ['dns-lookup-timeout', '5ms'],
  ['dns-lookup-timeout', 's'],
  ['dns-lookup-timeout', '1m'],
  ['spool-readers', '1e1'],
  ['spool-readers', '0x2'],
  ['spool-readers', '2.0'],
  ['spool-readers', ' 2'],
  ['profiling', '1'],
  ['profiling', 'enabled'],
  ['fbl-header-name', 'X FBL'],
  ['fbl-header-name', 'X-FBL:'],
  ['fbl-header-name', 'X-Fäll'],
  ['fbl-header-name', 'X'.repeat(77)],
  ['fbl-header-name', 'X\nY'],
  ['smtp-admin-email', 'postmaster'],
  ['smtp-admin-email', 'a@b@c'],
  ['smtp-admin-email', 'A <a@example.com>'],
  ['smtp-admin-email', 'a.@example.com'],
  ['smtp-admin-email', 'a@-example.com'],
  ['smtp-listen-only-interfaces', '203.0.113.5:25'],
  ['smtp-listen-only-interfaces', '203.0.113.5,203.0.113.5'],
  ['smtp-listen-only-interfaces', '203.0.113.256'],
  ['smtp-listen-only-interfaces', '203.0.113.5,'],
])('%s=%s is refused, saying what is allowed', (key, text) => {
  const error = refusal(key, text)
  expect(error.exit).toBe(2)
  expect(error.message).toBe(`${key}: "${text}" is not allowed: give ${allowed(findSetting(key)!)}`)
})

test.each<[string, string, SettingValue]>([
  ['profiling', 'ON', true],
  ['profiling', 'yes', true],
  ['profiling', 'True', true],
  ['profiling', 'off', false],
  ['profiling', 'NO', false],
  ['fbl-header-name', 'X-Complaints', 'X-Complaints'],
  ['smtp-admin-email', 'o+ps@mail.example.com', 'o+ps@mail.example.com'],
  ['smtp-listen-only-interfaces', '203.0.113.5, 2001:db8::5', ['203.0.113.5', '2001:db8::5']],
])('%s=%s is taken', (key, text, wanted) => {
  expect(value(key, text)).toEqual(wanted)
})

test('an empty value names the command that takes a setting away', () => {
  expect(refusal('profiling', '').hints).toEqual(['to remove a setting: akctl settings unset NODE profiling'])
})

test.each<[string, number, string]>([
  ['dns-cache-expire', 0, '0s'],
  ['dns-cache-expire', 59, '59s'],
  ['dns-cache-expire', 60, '1m'],
  ['dns-cache-expire', 90, '90s'],
  ['dns-cache-expire', 5400, '90m'],
  ['dns-cache-expire', 7200, '2h'],
  ['dns-cache-expire', 86400, '1d'],
  ['spool-cleaner-timeout', 86400 * 30, '30d'],
])('%s of %d s is printed as %s', (key, seconds, text) => {
  expect(formatValue(findSetting(key)!, seconds)).toBe(text)
})

test('whatever a value is, what is printed of it is read as the same value', () => {
  for (const def of settingDefs().filter(({ type }) => type === 'int' || type === 'duration')) {
    const [min, max] = [def.min ?? 0, def.max ?? 0]
    const step = Math.max(1, Math.floor((max - min) / 40))
    for (let number = min; number <= max; number += step) {
      const canonical = parseValue(def, String(number))
      expect([def.key, parseValue(def, formatValue(def, canonical))]).toEqual([def.key, canonical])
    }
  }
})

test('values are compared by content; absent and false are two things', () => {
  expect(sameValue(['a', 'b'], ['a', 'b'])).toBe(true)
  expect(sameValue(['a', 'b'], ['b', 'a'])).toBe(false)
  expect(sameValue(undefined, false)).toBe(false)
  expect(sameValue(undefined, undefined)).toBe(true)
  expect(sameValue(1, '1')).toBe(false)
})
