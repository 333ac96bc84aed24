// What a status finds of files that are not as akctl wrote them, where a quick comparison of sums would miss it.
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { newOrder, newSync, type LocalNode } from '../support/local-node.ts'
import { loaded, toyFolder, toyNode } from '../support/toy.ts'

const folder = toyFolder()
let node: LocalNode
const conf = (name: string): string => join(node.directory, 'akctl/current/conf', name)
const base = (name: string): string => join(node.directory, 'base', name)

beforeAll(async () => {
  node = await toyNode(join(folder, 't1'))
  await node.connection.sync(newSync({ settings: { 'spool-readers': 1 } }))
})

const edited = async (): Promise<readonly string[]> => (await node.connection.status()).edited

test.each<[string, () => void, () => void, readonly string[]]>([
  ['a hidden file more', () => writeFileSync(conf('.more'), ''), () => rmSync(conf('.more')), ['.more']],
  ['a file named ..more', () => writeFileSync(conf('..more'), ''), () => rmSync(conf('..more')), ['..more']],
  [
    'a file more in a new folder',
    () => {
      mkdirSync(conf('more'))
      writeFileSync(conf('more/file'), '')
    },
    () => rmSync(conf('more'), { recursive: true }),
    ['more/file'],
  ],
  [
    'one file gone, another there',
    () => renameSync(conf('value'), conf('other')),
    () => renameSync(conf('other'), conf('value')),
    ['other', 'value'],
  ],
  [
    'a link to the same content',
    () => {
      copyFileSync(conf('value'), join(folder, 'same'))
      rmSync(conf('value'))
      symlinkSync(join(folder, 'same'), conf('value'))
    },
    () => {
      rmSync(conf('value'))
      copyFileSync(join(folder, 'same'), conf('value'))
    },
    ['value'],
  ],
  [
    'a pipe in place of a file, which nobody waits for',
    () => {
      renameSync(conf('value'), join(folder, 'kept'))
      execFileSync('mkfifo', [conf('value')])
    },
    () => renameSync(join(folder, 'kept'), conf('value')),
    ['value'],
  ],
  ['a file more in the base', () => writeFileSync(base('.more'), ''), () => rmSync(base('.more')), ['base']],
  ['a link more in the base', () => symlinkSync('value', base('link')), () => rmSync(base('link')), ['base']],
])('%s', async (_, change, undo, wanted) => {
  change()
  expect(await edited()).toEqual(wanted)
  undo()
  expect(await edited()).toEqual([])
})

test('a link of the base that leads elsewhere is a changed base; one that is as it was is not', async () => {
  const own = await toyNode(join(folder, 't3'))
  const link = join(own.directory, 'base/link')
  const sync = async (): Promise<readonly string[]> => (await own.connection.sync(newSync({ settings: {} }))).replaced
  const seen = async (): Promise<readonly string[]> => (await own.connection.status()).edited
  symlinkSync('value', link)
  expect(await sync()).toEqual(['base'])
  expect(await seen()).toEqual([])
  rmSync(link)
  symlinkSync('other', link)
  expect(await seen()).toEqual(['base'])
  expect(await sync()).toEqual(['base'])
  expect(readlinkSync(join(own.directory, 'akctl/current/conf/link'))).toBe('other')
  expect([await seen(), await own.connection.diff({})]).toEqual([[], []])
})

describe('while the process reads an earlier revision (--no-restart)', () => {
  const own = { directory: join(folder, 't4') }
  const live = (): string => readFileSync(join(own.directory, 'akctl/live/conf/value'), 'utf8')
  const settings = { 'spool-readers': 2 }
  let running: LocalNode

  beforeAll(async () => {
    running = await toyNode(own.directory)
    await running.connection.start(newOrder())
    await running.connection.sync(newSync({ settings: { 'spool-readers': 1 } }))
    await running.connection.sync(newSync({ settings, restart: false }))
  })

  test('a hand edit of what it reads is seen, and shown as what a sync would take away', async () => {
    expect((await running.connection.status()).edited).toEqual([])
    appendFileSync(join(own.directory, 'akctl/live/conf/value'), 'by hand\n')
    writeFileSync(join(own.directory, 'akctl/live/conf/more'), 'a file more\n')
    expect((await running.connection.status()).edited).toEqual(['more', 'value'])
    const files = await running.connection.diff(settings)
    expect(files.map(({ file, cause }) => [file, cause])).toEqual([
      ['more', 'edited'],
      ['value', 'edited'],
    ])
    expect(files[1]?.diff).toContain('-by hand\n')
  })

  test('a sync that leaves the process alone leaves the edit alone, and changes nothing', async () => {
    const again = await running.connection.sync(newSync({ settings, restart: false }))
    expect(again).toMatchObject({ wrote: false, took: 'left', replaced: [] })
    expect(live()).toContain('by hand')
  })

  test('a sync that is taken in names it, keeps its text, and replaces it', async () => {
    appendFileSync(join(own.directory, 'akctl/current/conf/value'), 'here too\n')
    const result = await running.connection.sync(newSync({ settings }))
    expect(result).toMatchObject({ took: 'restart', replaced: ['more', 'value'] })
    expect(live()).not.toMatch(/by hand|here too/)
    expect(loaded(own.directory)).toBe(live())
    expect(readFileSync(join(result.saved ?? '', 'value'), 'utf8')).toBe('base\nspool-readers\t1\nby hand\n')
    expect(readFileSync(join(result.saved ?? '', 'more'), 'utf8')).toBe('a file more\n')
    expect((await running.connection.status()).edited).toEqual([])
  })
})

test('the program is asked for its version only when its bytes have changed, or what is known of it is damaged', async () => {
  const own = await toyNode(join(folder, 't2'))
  const program = join(own.directory, 'program')
  const say = (version: string): void => writeFileSync(program, `echo asked >>${own.directory}/asked; echo ${version}\n`)
  const asked = (): number =>
    (existsSync(join(own.directory, 'asked')) ? readFileSync(join(own.directory, 'asked'), 'utf8') : '').length / 6
  const version = async (): Promise<string | undefined> => (await own.connection.status()).version
  const seen: unknown[] = []
  const look = async (): Promise<void> => void seen.push([await version(), asked()])

  say('2.0')
  await look() // nobody has kept it yet
  await own.connection.sync(newSync({ settings: { 'spool-readers': 1 } }))
  await look()
  await look()
  say('2.1')
  await look()
  writeFileSync(join(own.directory, 'base/value'), 'other') // what has drifted costs the closer look
  await look()
  await own.connection.sync(newSync({ settings: { 'spool-readers': 2 }, expect: 1 }))
  await look()
  writeFileSync(join(own.directory, 'akctl/version'), '2.2\n')
  await look()
  expect(seen).toEqual([
    ['2.0', 1],
    ['2.0', 2],
    ['2.0', 2],
    ['2.1', 3],
    ['2.1', 4],
    ['2.1', 5],
    ['2.1', 6],
  ])
})
