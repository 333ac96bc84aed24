// Postfix's log lines as records: years, zones and levels that the lines themselves do not tell.
import type { LogQuery } from '../../src/mta/driver.ts'
import { postfixLogs } from '../../src/mta/postfix/logs.ts'

const query: LogQuery = { source: 'mta', lines: 10, follow: false }
const installation = { directory: '/opt/mta', addresses: [] }

/** A reader that has been told the node's clock. */
function reader(
  clock: string,
  offset: string,
  name = '',
  since?: number,
): (line: string) => ReturnType<ReturnType<typeof postfixLogs>['parse']> {
  const feed = postfixLogs(installation, since === undefined ? query : { ...query, since })
  expect(feed.parse(`akctl-clock ${Date.parse(clock) / 1000} ${offset} ${name}`)).toBeUndefined()
  return (line) => feed.parse(line)
}

function timeOf(line: string, clock: string, offset = '+0000'): string | undefined {
  const record = reader(clock, offset)(line)
  return record?.at === undefined ? undefined : new Date(record.at).toISOString()
}

test.each([
  ['this year', 'Nov 24 04:50:53 mx postfix/qmgr[1]: x', '2026-11-24T05:00:00Z', '+0000', '2026-11-24T04:50:53.000Z'],
  ['a day of one digit', 'Nov  4 04:50:53 mx postfix/qmgr[1]: x', '2026-11-24T05:00:00Z', '+0000', '2026-11-04T04:50:53.000Z'],
  ['last year', 'Dec 31 23:59:59 mx postfix/qmgr[1]: x', '2027-01-01T00:00:10Z', '+0000', '2026-12-31T23:59:59.000Z'],
  [
    'later in the year can only be last year',
    'Jun  1 00:00:00 mx postfix/qmgr[1]: x',
    '2026-05-01T00:00:00Z',
    '+0000',
    '2025-06-01T00:00:00.000Z',
  ],
  [
    'a clock that was set back a little',
    'Nov 24 05:10:00 mx postfix/qmgr[1]: x',
    '2026-11-24T05:00:00Z',
    '+0000',
    '2026-11-24T05:10:00.000Z',
  ],
  ['east of UTC', 'Nov 24 04:50:53 mx postfix/qmgr[1]: x', '2026-11-24T05:00:00Z', '+0530', '2026-11-23T23:20:53.000Z'],
  ['west of UTC', 'Nov 23 20:50:53 mx postfix/qmgr[1]: x', '2026-11-24T05:00:00Z', '-0800', '2026-11-24T04:50:53.000Z'],
  [
    'already next year in the node’s zone',
    'Jan  1 00:30:00 mx postfix/qmgr[1]: x',
    '2026-12-31T23:35:00Z',
    '+0100',
    '2026-12-31T23:30:00.000Z',
  ],
  [
    'still last year in the node’s zone',
    'Dec 31 20:30:00 mx postfix/qmgr[1]: x',
    '2027-01-01T01:31:00Z',
    '-0500',
    '2027-01-01T01:30:00.000Z',
  ],
  ['a leap day', 'Feb 29 12:00:00 mx postfix/qmgr[1]: x', '2028-03-01T00:00:00Z', '+0000', '2028-02-29T12:00:00.000Z'],
  [
    'rsyslog’s own form',
    '2026-11-24T04:50:53.123456+02:00 mx postfix/qmgr[1]: x',
    '2030-01-01T00:00:00Z',
    '+0000',
    '2026-11-24T02:50:53.123Z',
  ],
  ['the journal', '1795496839.250000 mx postfix/qmgr[1]: x', '2030-01-01T00:00:00Z', '+0000', '2026-11-24T05:07:19.250Z'],
  ['no time at all', 'nonsense', '2026-11-24T05:00:00Z', '+0000', undefined],
  ['a month that is none', 'Foo 24 04:50:53 mx postfix/qmgr[1]: x', '2026-11-24T05:00:00Z', '+0000', undefined],
])('time: %s', (_, line, clock, offset, expected) => {
  expect(timeOf(line, clock, offset)).toBe(expected)
})

test.each([
  ['mx postfix-a/smtpd[1]: warning: hostname does not resolve', 'warning'],
  ['mx postfix/smtp[1]: error: open database', 'error'],
  ['mx postfix/master[1]: fatal: bind 203.0.113.77 port 25: Cannot assign requested address', 'fatal'],
  ['mx postfix/qmgr[1]: panic: myfree', 'fatal'],
  ['mx postfix/smtp[1]: 4F: to=<a@b>, status=deferred (warning: not one)', 'info'],
  ['mx postfix/cleanup[1]: 4F: message-id=<fatal: x@y>', 'info'],
])('level: %s', (text, level) => {
  expect(reader('2026-11-24T05:00:00Z', '+0000')(`Nov 24 04:50:53 ${text}`)).toMatchObject({ level, text })
})

test('of a shared log, only the lines of this Postfix; of frames and empty lines, none', () => {
  const read = reader('2026-11-24T05:00:00Z', '+0000', 'postfix-a')
  expect(read('Nov 24 04:50:53 mx postfix-a/smtp[1]: x')).toBeDefined()
  expect(read('Nov 24 04:50:53 mx postfix-b/smtp[1]: x')).toBeUndefined()
  expect(read('Nov 24 04:50:53 mx sshd[1]: x')).toBeUndefined()
  expect(read('')).toBeUndefined()
  expect(read('akctl-0123456789abcdef begin')).toBeUndefined()
})

test('since leaves out what is older, and keeps what has no time', () => {
  const read = reader('2026-11-24T05:00:00Z', '+0000', '', Date.parse('2026-11-24T04:00:00Z') / 1000)
  expect(read('Nov 24 03:59:59 mx postfix/smtp[1]: x')).toBeUndefined()
  expect(read('Nov 24 04:00:00 mx postfix/smtp[1]: x')).toBeDefined()
  expect(read('a line of a crash')).toEqual({ level: 'info', text: 'a line of a crash' })
})
