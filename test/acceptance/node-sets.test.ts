import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { journalOf } from '../support/cli-nodes.ts'

const cli = testCli()
const words = (line: string): string[] => line.split(' ')
const stored = (): unknown =>
  (JSON.parse(readFileSync(join(cli.home, 'profiles/default/profile.json'), 'utf8')) as { groups: unknown }).groups
const lines = (stdout: string): string[] => stdout.trimEnd().split('\n')

beforeAll(async () => {
  for (let number = 1; number <= 12; number++) {
    const name = `mx${String(number).padStart(2, '0')}`
    const env = number <= 6 ? 'prod' : 'test'
    await cli.ok(words(`nodes create ${name} --access local --dir /opt/${name} --label env=${env}`))
  }
}, 120_000)

test('a set is printed as what would be acted on, in its order, or folded', async () => {
  expect(lines((await cli.ok(['nodes', 'select', 'mx[10-12],mx[01-03/2]'])).stdout)).toEqual([
    'mx10',
    'mx11',
    'mx12',
    'mx01',
    'mx03',
  ])
  expect((await cli.ok(['nodes', 'select', '--all', '--exclude', 'mx[07-12]!mx09', '--fold'])).stdout).toBe('mx[01-06,09]\n')
  expect((await cli.ok(['nodes', 'select', '-l', 'env in (prod,stage)', '--pick', '2', '-o', 'name'])).stdout).toBe(
    'mx01\nmx02\n',
  )
})

test('a file and stdin give names, a set a line', async () => {
  const file = join(cli.home, 'failed.txt')
  writeFileSync(file, '# of yesterday\nmx03\nmx[05-06]\n')
  expect((await cli.ok(['nodes', 'select', `@file:${file}!mx05`, '--fold'])).stdout).toBe('mx[03,06]\n')
  expect((await cli.run(['nodes', 'select', '-', '--fold'], { input: 'mx01\nmx02\n' })).stdout).toBe('mx[01-02]\n')
  const missing = await cli.run(['nodes', 'select', '@file:/nope'])
  expect([missing.exit, missing.stderr]).toEqual([2, expect.stringMatching(/the file of nodes can't be read: .*\/nope/)])
})

test('a group is kept as typed, follows the groups in it, and is refused when it would hold itself or an unknown node', async () => {
  await cli.ok(['groups', 'set', 'prod', 'mx[01-06]'])
  await cli.ok(['groups', 'set', 'relays', '@prod!mx06', 'mx12'])
  expect(stored()).toEqual([
    { name: 'prod', nodes: 'mx[01-06]' },
    { name: 'relays', nodes: '@prod!mx06,mx12' },
  ])
  expect((await cli.ok(['nodes', 'select', '@relays', '--fold'])).stdout).toBe('mx[01-05,12]\n')
  const loop = await cli.run(['groups', 'set', 'prod', '@relays'])
  expect([loop.exit, loop.stderr]).toEqual([2, expect.stringContaining('the group prod holds itself: prod -> relays -> prod')])
  expect((await cli.run(['groups', 'set', 'prod', 'mx[01-20]'])).exit).toBe(9)
  await cli.ok(['groups', 'set', 'prod', 'mx[01-04]'])
  expect((await cli.ok(['nodes', 'select', '@relays', '--fold'])).stdout).toBe('mx[01-04,12]\n')
  expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'groups set', message: 'prod: mx[01-04]', outcome: 'changed' })
})

test('a group that another one names stays; a node that goes leaves a warning with the way out', async () => {
  const used = await cli.run(['groups', 'delete', 'prod'])
  expect([used.exit, used.stderr]).toEqual([2, expect.stringContaining('the group prod is named by relays')])
  const gone = await cli.ok(['nodes', 'delete', 'mx02', '--yes'])
  expect(gone.stderr).toContain("can't be selected until it is set anew: akctl groups set prod 'mx[01,03-04]'")
  expect((await cli.run(['nodes', 'select', '@prod'])).exit).toBe(9)
  expect((await cli.ok(['groups', 'list'])).stdout).toContain('there is no mx02')
  await cli.ok(['groups', 'set', 'prod', 'mx[01,03-04]'])
  const renamed = await cli.ok(['nodes', 'edit', 'mx03', '--name', 'mx99'])
  expect(renamed.stderr).toContain('names mx03, which is gone')
  await cli.ok(['groups', 'set', 'relays', 'mx12'])
  await cli.ok(['groups', 'delete', 'prod'])
  expect(stored()).toEqual([{ name: 'relays', nodes: 'mx12' }])
})

test('--failed-to writes what is to be done again, for the next run; nothing where all went well', async () => {
  const file = join(cli.home, 'again.txt')
  writeFileSync(file, 'old\n')
  const run = await cli.run(['mta', 'sync', 'mx[04-06]', '--failed-to', file, '--max-fail', '2', '-c', '1'])
  expect([run.exit, readFileSync(file, 'utf8')]).toEqual([1, 'mx04\nmx05\nmx06\n'])
  expect((await cli.ok(['nodes', 'select', `@file:${file}`, '--fold'])).stdout).toBe('mx[04-06]\n')
  await cli.ok(['mta', 'status', 'mx[04-06]', '--failed-to', file])
  expect(readFileSync(file, 'utf8')).toBe('')
  writeFileSync(file, 'old\n')
  expect((await cli.run(['mta', 'sync', 'mx77', '--failed-to', file])).exit).toBe(9)
  expect(readFileSync(file, 'utf8')).toBe('old\n') // nothing was tried
  const nowhere = await cli.run(['mta', 'sync', 'mx04', '--failed-to', '/nope/again.txt'])
  expect([nowhere.exit, nowhere.stderr]).toEqual([2, expect.stringContaining('--failed-to: cannot write to /nope')])
  expect(readdirSync(cli.home).filter((name) => name.endsWith('.new'))).toEqual([])
})

test.each([
  [['mx[01-'], "'mx[01-' is no set of nodes: '[' without a ']' after it (character 3)"],
  [['@nope'], 'there is no group nope'],
  [['--all', '--pick', '0'], 'greater than or equal to 1'],
])('%j is refused: exit 2, and nothing is done', async (args, message) => {
  const run = await cli.run(['mta', 'stop', ...args, '--yes'])
  expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining(message)])
})
