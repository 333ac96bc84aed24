import { haraka } from '../../src/mta/haraka/driver.ts'
import type { LogRecord } from '../../src/mta/logs.ts'

const feed = haraka.logs({ directory: '/opt/mx', addresses: [] }, { source: 'mta', lines: 10, follow: false })

const TIME = '2026-11-24T05:02:44.403Z'
const at = Date.parse(TIME)

test.each<[string, string, LogRecord]>([
  [
    'the usual form',
    `${TIME} [NOTICE] [-] [server] Listening on 127.0.0.1:25`,
    { at, level: 'notice', text: '[NOTICE] [-] [server] Listening on 127.0.0.1:25' },
  ],
  ['logfmt', `${TIME} level=WARN uuid=- message="x"`, { at, level: 'warning', text: 'level=WARN uuid=- message="x"' }],
  ['json', '{"level":"ERROR","uuid":"-"}', { level: 'error', text: '{"level":"ERROR","uuid":"-"}' }],
  ['no time', 'Reloaded file: /x', { level: 'info', text: 'Reloaded file: /x' }],
  ['a time and no level', `${TIME} loglevel: INFO`, { at, level: 'info', text: 'loglevel: INFO' }],
  ['an unknown level', '[SHOUT] [-] x', { level: 'info', text: '[SHOUT] [-] x' }],
])('%s', (_, line, record) => {
  expect(feed.parse(line)).toEqual(record)
})

test.each([
  ['DATA', 'debug'],
  ['PROTOCOL', 'debug'],
  ['DEBUG', 'debug'],
  ['INFO', 'info'],
  ['NOTICE', 'notice'],
  ['WARN', 'warning'],
  ['ERROR', 'error'],
  ['CRIT', 'fatal'],
  ['ALERT', 'fatal'],
  ['EMERG', 'fatal'],
])("Haraka's %s is %s", (word, level) => {
  expect(feed.parse(`${TIME} [${word}] [-] [core] x`)?.level).toBe(level)
})

test("empty lines and the prelude's marks are no records", () => {
  expect(feed.parse('')).toBeUndefined()
  expect(feed.parse('akctl-0123456789abcdef begin')).toBeUndefined()
  expect(feed.parse('akctl-0123456789abcdef end 0')).toBeUndefined()
  expect(feed.parse('akctl-0123456789abcdef says')).toBeDefined()
})

test('since is told in the form of the log', () => {
  const { args } = haraka.logs(
    { directory: '/opt/mx', addresses: [] },
    { source: 'mta', lines: 5, follow: true, since: at / 1000 },
  )
  expect(args).toEqual(['/opt/mx', 'mta', '5', TIME, 'yes'])
})
