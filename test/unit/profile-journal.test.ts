import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder } from '../../src/profile/folder.ts'
import { FileJournal } from '../../src/profile/journal.ts'
import type { JournalEntry } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }

function fresh(rotateAt?: number): { journal: FileJournal; file: string } {
  const path = join(root, `j${count.n++}`)
  mkdirSync(path, { mode: 0o700 })
  const journal = new FileJournal(new Folder(path, { timeout: 5 }), rotateAt)
  return { journal, file: join(path, 'journal.ndjson') }
}

const entry = (node: string, more: Partial<JournalEntry> = {}): JournalEntry => ({
  ...{ at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', node, outcome: 'changed' },
  ...more,
})

const nodes = async (journal: FileJournal, limit = 99): Promise<unknown> =>
  (await journal.list({ limit })).map(({ node }) => node)

test('entries come back as they were, the newest of them, oldest first', async () => {
  const { journal, file } = fresh()
  const full = entry('mx1', { orderId: 'o1', revision: 3, message: 'line\none, größe, \u001b[2J' })
  const ofTheProfile: JournalEntry = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'keys create', outcome: 'ok' }
  await journal.append([full])
  await journal.append([ofTheProfile, entry('mx3')])
  await journal.append([])
  expect(await journal.list({ limit: 9 })).toEqual([full, ofTheProfile, entry('mx3')])
  expect(await journal.list({ limit: 2 })).toEqual([ofTheProfile, entry('mx3')])
  expect(await journal.list({ limit: 0 })).toEqual([])
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(4)
})

test('a node finds its own entries, also among many of others', async () => {
  const { journal } = fresh()
  await journal.append(
    Array.from({ length: 500 }, (_, i) => entry(i % 100 === 0 ? 'mx1' : `mx1-${i}`, { message: `for mx1, ${i}` })),
  )
  expect((await journal.list({ node: 'mx1', limit: 3 })).map(({ message }) => message)).toEqual([
    'for mx1, 200',
    'for mx1, 300',
    'for mx1, 400',
  ])
  expect(await journal.list({ node: 'mx', limit: 3 })).toEqual([])
})

describe('half a line that a crash left', () => {
  test.each([1, 5, 40, 90])('after %i bytes of it is passed over, and spoils nothing that comes after', async (bytes) => {
    const { journal, file } = fresh()
    await journal.append([entry('mx1')])
    const whole = statSync(file).size
    await journal.append([entry('mx2')])
    truncateSync(file, Math.min(whole + bytes, statSync(file).size - 2))
    expect(await nodes(journal)).toEqual(['mx1'])
    await journal.append([entry('mx3'), entry('mx4')])
    expect(await nodes(journal)).toEqual(['mx1', 'mx3', 'mx4'])
  })

  test('that is whole but for its line end counts, once', async () => {
    const { journal, file } = fresh()
    await journal.append([entry('mx1')])
    truncateSync(file, statSync(file).size - 1)
    await journal.append([entry('mx2')])
    expect(await nodes(journal)).toEqual(['mx1', 'mx2'])
  })

  test('of other rubbish is passed over as well; fields of a newer akctl are no rubbish', async () => {
    const { journal, file } = fresh()
    await journal.append([entry('mx1')])
    appendFileSync(file, `\n\nnull\n[1]\n{"at":1}\n\0\0\0\n${JSON.stringify({ ...entry('mx2'), newer: true })}\n`)
    expect(await nodes(journal)).toEqual(['mx1', 'mx2'])
  })
})

test('damaged lines are told of, but not half a line at the end; tail finds them', async () => {
  const { journal, file } = fresh()
  await journal.append([entry('mx1')])
  appendFileSync(file, `{broken\n\n${JSON.stringify(entry('mx2'))}\n[1]\n`)
  await journal.append([entry('mx3')])
  appendFileSync(file, '{"at":"20')
  for (const node of [undefined, 'mx1']) {
    const damaged: string[] = []
    await journal.list({ limit: 9, ...(node === undefined ? {} : { node }) }, ({ path, fromEnd }) => {
      damaged.push(execFileSync('sh', ['-c', `tail -n ${fromEnd} '${path}' | head -n 1`], { encoding: 'utf8' }))
    })
    expect(damaged).toEqual(node === undefined ? ['[1]\n', '{broken\n'] : ['{broken\n'])
  }
})

describe('lines and blocks', () => {
  test.each([1, 100, 65_534, 65_535, 65_536, 65_537, 200_000])('a line of about %i bytes is read whole', async (length) => {
    const { journal } = fresh()
    const message = 'é'.repeat(length / 2)
    await journal.append([entry('mx1'), entry('mx2', { message }), entry('mx3')])
    const found = await journal.list({ limit: 9 })
    expect(found.map(({ node }) => node)).toEqual(['mx1', 'mx2', 'mx3'])
    expect(found[1]?.message).toBe(message)
  })

  test.each(Array.from({ length: 12 }, (_, i) => i))('line ends at a block border, moved by %i', async (shift) => {
    const { journal } = fresh()
    await journal.append([entry('first'), entry('mx1', { message: 'm'.repeat(65_536 - 200 + shift * 9) }), entry('last')])
    expect(await nodes(journal)).toEqual(['first', 'mx1', 'last'])
  })
})

describe('growth', () => {
  test('a full file becomes the old one; both are read as one, and the one before goes', async () => {
    const { journal, file } = fresh(1000)
    for (let i = 0; i < 40; i++) await journal.append([entry(`mx${i}`)])
    const found = (await nodes(journal)) as string[]
    expect(found).toEqual(Array.from({ length: found.length }, (_, i) => `mx${40 - found.length + i}`))
    expect(found.length).toBeGreaterThan(9)
    expect(statSync(`${file}.1`).size).toBeGreaterThanOrEqual(1000)
    expect(statSync(`${file}.1`).size + statSync(file).size).toBeLessThan(2300)
  })

  test('the limit is 10 MiB a file', async () => {
    const { journal, file } = fresh()
    writeFileSync(file, `${JSON.stringify(entry('old'))}\n`.repeat(100_000), { mode: 0o600 })
    truncateSync(file, 10 * 1024 * 1024 - 300)
    await journal.append([entry('below')])
    expect(statSync(file).size).toBeGreaterThan(10_000_000)
    await journal.append([entry('mx1', { message: 'm'.repeat(200) })])
    await journal.append([entry('mx2')])
    expect(statSync(file).size).toBeLessThan(200)
    expect(await nodes(journal, 3)).toEqual(['below', 'mx1', 'mx2'])
  })

  test('the newest of 20 MB are read without the rest', async () => {
    const { journal, file } = fresh()
    const line = `${JSON.stringify(entry('old', { message: 'm'.repeat(100) }))}\n`
    writeFileSync(file, line.repeat(Math.ceil(20_000_000 / line.length)), { mode: 0o600 })
    appendFileSync(file, `${JSON.stringify(entry('mx1'))}\n`)
    const before = bytesRead()
    expect(await nodes(journal, 2)).toEqual(['old', 'mx1'])
    expect(bytesRead() - before).toBeLessThan(1_000_000)
    expect(await journal.list({ node: 'nobody', limit: 1 })).toEqual([])
  })
})

/** What this process has read so far, as the kernel counts it. */
const bytesRead = (): number => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
