import { haraka } from '../../src/mta/haraka/driver.ts'
import type { Settings } from '../../src/node/settings.ts'

const installation = { directory: '/opt/mx', addresses: [] as string[] }
const edits = (settings: Settings, addresses: string[] = []): readonly (readonly string[])[] =>
  haraka.edits(settings, { ...installation, addresses })

test('nothing set, nothing changed', () => {
  expect(edits({})).toEqual([])
})

test.each<[string, Settings, readonly (readonly string[])[]]>([
  ['deliveries', { 'spool-channel-size': 40 }, [['ini', 'outbound.ini', 'main', 'concurrency_max', '40']]],
  ['connect timeout in seconds', { 'esmtp-connection-timeout': 90 }, [['ini', 'outbound.ini', 'main', 'connect_timeout', '90']]],
  ['bounces', { 'smtp-admin-email': 'ops@example.com' }, [['bounces-from', 'ops@example.com']]],
  ['listeners', { 'smtp-listen-only-interfaces': ['192.0.2.1', '2001:db8::1'] }, [['listen', '192.0.2.1,2001:db8::1']]],
  [
    'DNS cache',
    { 'dns-cache-expire': 60 },
    [
      ['ini', 'akctl.ini', 'dns_cache', 'seconds', '60'],
      ['plugin', 'akctl/dns_cache'],
    ],
  ],
  ['no DNS cache', { 'dns-cache-expire': 0 }, []],
  [
    'kept mail, in the installation directory',
    { 'clear-spool-after-delivery': false },
    [
      ['ini', 'akctl.ini', 'keep_delivered', 'folder', '/opt/mx/kept'],
      ['plugin', 'akctl/keep_delivered'],
    ],
  ],
  ["cleared mail is Haraka's own way", { 'clear-spool-after-delivery': true }, []],
  ['syslog', { 'smtp-responses-to-syslog': true }, [['plugin', 'akctl/smtp_responses']]],
  ['no syslog', { 'smtp-responses-to-syslog': false }, []],
  ['no profiling', { profiling: false }, []],
  ['what Haraka cannot do', { 'rmq-consumers-per-sender': 3, 'mta-observer': true }, []],
])('%s', (_, settings, expected) => {
  expect(edits(settings)).toEqual(expected)
})

test.each([1, 2, 7, 30])('retries over %d days add up to exactly these days', (days) => {
  const value = edits({ 'spool-cleaner-timeout': days * 86_400 }).find((edit) => edit[3] === 'temp_fail_intervals')?.[4] ?? ''
  const seconds = { m: 60, h: 3600 } as const
  const sum = value.split(',').reduce((total, part) => {
    const match = /^(\d+)([mh])(?:\*(\d+))?$/.exec(part)
    return total + Number(match?.[1]) * seconds[match?.[2] as 'm' | 'h'] * Number(match?.[3] ?? 1)
  }, 0)
  expect(sum).toBe(days * 86_400)
})

test.each([
  [1, 1000, 1],
  [5, 5000, 1],
  [6, 2000, 2],
  [15, 5000, 2],
  [21, 3000, 3],
  [30, 4286, 3],
])('a DNS answer in %d s: first %d ms, then double, %d tries', (seconds, first, tries) => {
  expect(edits({ 'dns-lookup-timeout': seconds })).toEqual([
    ['ini', 'net-utils.ini', 'dns', 'timeout', String(first)],
    ['ini', 'net-utils.ini', 'dns', 'tries', String(tries)],
  ])
  expect(first).toBeLessThanOrEqual(5000) // more is no use to the resolver
})

test('a header name stays a text for the ini reader, whatever it is made of', () => {
  expect(edits({ 'fbl-header-name': '123' })[0]).toEqual(['ini', 'akctl.ini', 'fbl_header', 'name', '"123"'])
  expect(edits({ 'fbl-header-name': 'X-A\\' })[0]?.[4]).toBe('"X-A\\"')
})

test('the same settings in another order give the same edits', () => {
  const a = edits({ 'dns-cache-expire': 9, 'spool-channel-size': 3, profiling: true })
  const b = edits({ profiling: true, 'spool-channel-size': 3, 'dns-cache-expire': 9 })
  expect(a).toEqual(b)
})

test('the addresses to send from are edits, though no setting', () => {
  expect(edits({}, ['192.0.2.1', '192.0.2.2'])).toEqual([
    ['ini', 'akctl.ini', 'addresses', 'list', '192.0.2.1,192.0.2.2'],
    ['plugin', 'akctl/addresses'],
  ])
})
