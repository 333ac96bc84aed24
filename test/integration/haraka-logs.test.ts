import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LogQuery } from '../../src/mta/driver.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import { HarakaNode, harakaNodes } from '../support/haraka.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const make = harakaNodes()
const directory = tempDir()
const file = join(directory, 'log/haraka.log')
/** A node with nothing but a log. */
const node = new HarakaNode({ directory, addresses: [] }, 0)

beforeEach(() => {
  rmSync(join(directory, 'log'), { recursive: true, force: true })
  mkdirSync(join(directory, 'log'))
})

const stamp = (second: number): string => `2026-11-24T05:00:${String(second).padStart(2, '0')}.000Z`
const line = (second: number): string => `${stamp(second)} [INFO] [-] [core] line ${second}\n`
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index)).join('')

async function read(query: Partial<LogQuery>, of: HarakaNode = node): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for await (const record of of.connection.logs({ source: 'mta', lines: 10, follow: false, ...query })) records.push(record)
  return records
}

const numbers = (records: readonly LogRecord[]): number[] => records.map(({ text }) => Number(/line (\d+)/.exec(text)?.[1]))

test('the last lines, oldest first, with their time and level', async () => {
  writeFileSync(file, lines(1, 30))
  const records = await read({ lines: 3 })
  expect(numbers(records)).toEqual([28, 29, 30])
  expect(records[0]).toEqual({ at: Date.parse(stamp(28)), level: 'info', text: '[INFO] [-] [core] line 28' })
})

test('the rotated log is read on where the new one is short', async () => {
  writeFileSync(`${file}.1`, lines(1, 10))
  writeFileSync(file, lines(11, 13))
  expect(numbers(await read({ lines: 5 }))).toEqual([9, 10, 11, 12, 13])
})

test('since a time, lines without one included', async () => {
  writeFileSync(file, `${lines(1, 10)}Reloaded file: x\n${lines(11, 12)}`)
  const records = await read({ since: Date.parse(stamp(10)) / 1000 })
  expect(records.map(({ text }) => text.slice(-8))).toEqual([' line 10', ' file: x', ' line 11', ' line 12'])
})

test('no log is no line, and there is no log of another source', async () => {
  expect(await read({})).toEqual([])
  writeFileSync(file, lines(1, 2))
  expect(await read({ source: 'agent' })).toEqual([])
})

/** Follows the log while `act` writes to it, until a record has this number. */
async function follow(last: number, act: (seen: () => readonly number[]) => Promise<void>): Promise<readonly number[]> {
  const records: LogRecord[] = []
  const seen = (): readonly number[] => numbers(records)
  const acting = { done: undefined as Promise<void> | undefined }
  acting.done = act(seen)
  for await (const record of node.connection.logs({ source: 'mta', lines: 2, follow: true })) {
    records.push(record)
    if (numbers([record])[0] === last) break
  }
  await acting.done
  return seen()
}

/** Processes that still read this log, or wait for the end of such a reader. */
function readers(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(directory)
      )
    } catch {
      return false
    }
  })
}

test('followed: each line once, across a rotation by renaming and one by truncating; no reader is left', async () => {
  writeFileSync(file, lines(1, 5))
  const has = (seen: () => readonly number[], number: number): Promise<true> =>
    until(`line ${number}`, 30, () => seen().includes(number) || undefined)
  const seen = await follow(14, async (found) => {
    await has(found, 5)
    appendFileSync(file, line(6))
    await has(found, 6)
    renameSync(file, `${file}.1`)
    writeFileSync(file, lines(7, 8))
    await has(found, 8)
    appendFileSync(file, line(9))
    await has(found, 9)
    copyFileSync(file, `${file}.1`)
    truncateSync(file)
    appendFileSync(file, line(10))
    await has(found, 10)
    appendFileSync(file, lines(11, 14))
  })
  expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  await until('no reader is left', 20, () => readers().length === 0 || undefined)
}, 90_000)

test('followed from before there is a log', async () => {
  const seen = await follow(2, async () => {
    await until('it is read', 20, () => readers().length > 1 || undefined)
    writeFileSync(file, lines(1, 2))
  })
  expect(seen).toEqual([1, 2])
}, 60_000)

test('the log of a real Haraka', async () => {
  const real = await make()
  const before = Date.now()
  await real.start()
  const records = await read({ lines: 500, since: Math.floor(before / 1000) }, real)
  const listening = records.find(({ text }) => text.includes(`Listening on 127.0.0.1:${real.port}`))
  expect(listening?.level).toBe('notice')
  expect(listening?.at).toBeGreaterThanOrEqual(before - 1000)
  expect(listening?.at).toBeLessThanOrEqual(Date.now())
}, 60_000)
