// The log of a Postfix as a feed: the last lines, what comes, and what rotation does to both.
import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogQuery } from '../../src/mta/driver.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import { type LocalNode, newOrder } from '../support/local-node.ts'
import { postfixFolder, postfixNode } from '../support/postfix.ts'
import { until } from '../support/until.ts'

const directory = join(postfixFolder(), 'mta')
const log = join(directory, 'log/mail.log')
let node: LocalNode

beforeAll(async () => {
  const made = await postfixNode(directory)
  node = made.node
  await node.install({ listen: made.listen, hostname: 'mx.example.com' })
}, 120_000)

function stamp(secondsAgo = 0): string {
  const [, month, day, , time] = execFileSync(
    'date',
    ['-d', `@${Math.floor(Date.now() / 1000) - secondsAgo}`, '+%a %b %e x %T'],
    {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    },
  )
    .trim()
    .split(/ +/)
  return `${month} ${(day ?? '').padStart(2)} ${time}`
}

function lines(from: number, to: number, ago = 0): string {
  return Array.from({ length: to - from + 1 }, (_, n) => `${stamp(ago)} mx postfix-mta/smtp[1]: line ${from + n}\n`).join('')
}

async function texts(query: Partial<LogQuery>): Promise<string[]> {
  const found: LogRecord[] = []
  for await (const record of node.connection.logs({ source: 'mta', lines: 100, follow: false, ...query })) found.push(record)
  return found.map(({ text }) => text.replace('mx postfix-mta/smtp[1]: ', ''))
}

/** Readers of this log: processes that have one of its files open, this one and Postfix left out. */
function readers(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      return ['tail', 'sh', 'sleep'].includes(command) && open.some((file) => file.startsWith(log))
    } catch {
      return false
    }
  })
}

test('a log that is not there yet is empty', async () => {
  expect(await texts({})).toEqual([])
})

test('the last lines, those of rotated and packed logs before them', async () => {
  writeFileSync(`${log}.20260101-000000`, lines(1, 3))
  execFileSync('gzip', [`${log}.20260101-000000`])
  execFileSync('touch', ['-d', '2 hours ago', `${log}.20260101-000000.gz`])
  writeFileSync(`${log}.20260102-000000`, lines(4, 6))
  execFileSync('touch', ['-d', '1 hour ago', `${log}.20260102-000000`])
  writeFileSync(log, lines(7, 9))
  expect(await texts({ lines: 2 })).toEqual(['line 8', 'line 9'])
  expect(await texts({ lines: 5 })).toEqual(['line 5', 'line 6', 'line 7', 'line 8', 'line 9'])
  expect(await texts({ lines: 50 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `line ${n}`))
})

test('since', async () => {
  writeFileSync(log, lines(7, 7, 3600) + lines(8, 9, 10))
  const old = [1, 2, 3, 4, 5, 6].map((n) => `line ${n}`)
  const found = await texts({ lines: 50, since: Math.floor(Date.now() / 1000) - 600 })
  expect(found.filter((text) => !old.includes(text))).toEqual(['line 8', 'line 9'])
})

test('follows across rotation, and leaves nothing running when it is closed', async () => {
  writeFileSync(log, lines(1, 3))
  const feed = node.connection.logs({ source: 'mta', lines: 2, follow: true })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => ((await feed.next()).value as LogRecord).text.replace('mx postfix-mta/smtp[1]: ', '')
  expect([await next(), await next()]).toEqual(['line 2', 'line 3'])
  appendFileSync(log, lines(4, 4))
  expect(await next()).toBe('line 4')
  renameSync(log, `${log}.20260103-000000`)
  appendFileSync(`${log}.20260103-000000`, lines(5, 5))
  expect(await next()).toBe('line 5')
  writeFileSync(log, lines(6, 6))
  expect(await next()).toBe('line 6')
  expect(readers().length).toBeGreaterThan(0)
  await feed.return?.(undefined)
  await until('no reader is left', 20, () => (readers().length === 0 ? true : undefined))
})

test('what a real Postfix writes is read with its time and its own logrotate', async () => {
  await node.connection.start(newOrder())
  const started = await until('the start is in the log', 20, async () =>
    (await texts({})).find((text) => text.includes('daemon started')),
  )
  expect(started).toMatch(/postfix-mta\/master\[\d+\]: daemon started/)
  execFileSync('postfix', ['-c', join(directory, 'akctl/live/conf'), 'logrotate'])
  expect(await texts({ lines: 1000 })).toContain(started)
  for await (const record of node.connection.logs({ source: 'mta', lines: 1, follow: false })) {
    expect(Math.abs((record.at ?? 0) - Date.now())).toBeLessThan(120_000)
  }
  await node.connection.stop(newOrder())
}, 120_000)
