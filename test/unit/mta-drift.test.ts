// What a status finds of files that are not as akctl wrote them, where a quick comparison of sums would miss it.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newSync, type LocalNode } from '../support/local-node.ts'
import { toyFolder, toyNode } from '../support/toy.ts'

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
  ['a link in the base, which is none of its files', () => symlinkSync('value', base('link')), () => rmSync(base('link')), []],
])('%s', async (_, change, undo, wanted) => {
  change()
  expect(await edited()).toEqual(wanted)
  undo()
  expect(await edited()).toEqual([])
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
