import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BIN, testCli } from '../support/cli.ts'
import { journalOf } from '../support/cli-nodes.ts'
import { read } from '../support/documents.ts'

const execute = promisify(execFile)
const cli = testCli()
/** As it is before the tests, for the examples of the page. */
const page = testCli()
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

test('the examples of the page do what it says', async () => {
  cpSync(join(cli.home, '.'), page.home, { recursive: true })
  const [, block = ''] = /^```console\n(.*?)^```/ms.exec(read('docs/node-sets.md')) ?? []
  const examples = block.split(/^\$ /m).slice(1)
  expect(examples.length).toBeGreaterThan(8)
  for (const example of examples) {
    const [line = '', ...printed] = example.split('\n')
    const script = line.replace('akctl', `'${process.execPath}' '${BIN}'`)
    const { stdout } = await execute('sh', ['-c', script], { env: page.env })
    expect([line, stdout]).toEqual([line, printed.join('\n')])
  }
})

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
  expect([missing.exit, missing.stderr]).toEqual([2, expect.stringContaining('there is no file of nodes /nope')])
  const endless = await cli.run(['nodes', 'select', '@file:/dev/zero'])
  expect([endless.exit, endless.stderr]).toEqual([
    2,
    expect.stringContaining('cannot read the file of nodes /dev/zero: it is over 1024 KiB'),
  ])
  writeFileSync(file, 'mx01\nmx[03\n')
  expect((await cli.run(['nodes', 'select', `@file:${file}`])).stderr).toContain(`(character 3, in line 2 of ${file})`)
  expect((await cli.run(['mta', 'stop', 'mx01,@nope'])).exit).toBe(9)
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

test('a group that another one names stays', async () => {
  const used = await cli.run(['groups', 'delete', 'prod'])
  expect([used.exit, used.stderr]).toEqual([2, expect.stringContaining('the group prod is named by relays')])
  const missing = await cli.run(['groups', 'delete', 'prot'])
  expect([missing.exit, missing.stderr]).toEqual([9, expect.stringContaining('did you mean @prod?')])
})

test('a node that goes, or has another name, goes from its groups or keeps its place in them, and that is said', async () => {
  const gone = await cli.ok(['nodes', 'delete', 'mx02', '--yes', '--json'])
  expect(gone.stderr).toContain('the group prod was mx[01-04], and is mx[01,03-04] now')
  expect(gone.json.data).toMatchObject({ groups: [{ name: 'prod', from: 'mx[01-04]', to: 'mx[01,03-04]' }] })
  const renamed = await cli.ok(['nodes', 'edit', 'mx12', '--name', 'spare'])
  expect(renamed.stderr).toContain('the group relays was @prod!mx06,mx12, and is @prod!mx06,spare now')
  await cli.ok(['nodes', 'delete', 'mx06', '--yes'])
  expect(stored()).toEqual([
    { name: 'relays', nodes: '@prod,spare' },
    { name: 'prod', nodes: 'mx[01,03-04]' },
  ])
  expect((await cli.ok(['nodes', 'select', '@relays', '--fold'])).stdout).toBe('mx[01,03-04],spare\n')
  expect((await cli.ok(['groups', 'list'])).stdout).toBe(
    'prod\tmx[01,03-04]\t3\tmx[01,03-04]\t-\nrelays\t@prod,spare\t4\tmx[01,03-04],spare\t-\n',
  )
  await cli.ok(['groups', 'set', 'relays', 'spare'])
  expect((await cli.ok(['nodes', 'delete', 'spare', '--yes'])).stderr).toContain('the group relays was spare, and has no nodes')
  const empty = await cli.run(['mta', 'stop', '@relays'])
  expect([empty.exit, empty.stderr]).toEqual([9, expect.stringContaining('nothing is left of @relays')])
  await cli.ok(['groups', 'set', 'prod', ''])
  await cli.ok(['groups', 'delete', 'prod'])
  expect(stored()).toEqual([{ name: 'relays', nodes: '' }])
})

test('sets that can not be one set are refused, and names from a file are kept as names', async () => {
  const wrong = await cli.run(['groups', 'set', 'pair', 'mx01', 'mx[03-04]!mx03'])
  expect([wrong.exit, wrong.stderr]).toEqual([2, expect.stringContaining("'mx[03-04]!mx03' can't be joined")])
  const set = await cli.ok(['groups', 'set', 'pair', 'mx08,-'], { input: 'mx07\n2,9 # too\n' }).catch(() => undefined)
  expect(set).toBeUndefined()
  await cli.ok(['groups', 'set', 'pair', 'mx08,-'], { input: 'mx07\n9 # by its id\n' })
  expect(stored()).toContainEqual({ name: 'pair', nodes: '9,mx[07-08]' })
  expect((await cli.ok(['nodes', 'select', '@pair!mx07', '-o', 'name'])).stdout).toBe('mx09\nmx08\n')
})

test('--failed-to writes what is to be done again, for the next run; nothing where all went well', async () => {
  const file = join(cli.home, 'again.txt')
  writeFileSync(file, 'old\n')
  const run = await cli.run(['mta', 'sync', 'mx[09-11]', '--failed-to', file, '--max-fail', '2', '-c', '1'])
  expect([run.exit, readFileSync(file, 'utf8')]).toEqual([1, 'mx09\nmx10\nmx11\n'])
  expect((await cli.ok(['nodes', 'select', `@file:${file}`, '--fold'])).stdout).toBe('mx[09-11]\n')
  await cli.ok(['mta', 'status', 'mx[09-11]', '--failed-to', file])
  expect(readFileSync(file, 'utf8')).toBe('')
  const done = await cli.ok(['mta', 'sync', `@file:${file}`, '--serial', '1', '--failed-to', file])
  expect([done.stdout, done.stderr, readFileSync(file, 'utf8')]).toEqual(['', `nothing to do: no node is in @file:${file}\n`, ''])
  expect((await cli.ok(['mta', 'status', `@file:${file}`, '--json'])).json.nodes).toEqual([])
  expect((await cli.run(['mta', 'sync', '-'], { input: '' })).exit).toBe(9) // what was to be piped in has perhaps failed
  writeFileSync(file, 'old\n')
  expect((await cli.run(['mta', 'sync', 'mx77', '--failed-to', file])).exit).toBe(9)
  expect(readFileSync(file, 'utf8')).toBe('old\n') // nothing was tried
  const folder = await cli.run(['mta', 'sync', 'mx09', '--failed-to', cli.home])
  expect([folder.exit, folder.stderr]).toEqual([2, expect.stringContaining('--failed-to:')])
  const nowhere = await cli.run(['mta', 'sync', 'mx09', '--failed-to', '/nope/again.txt'])
  expect([nowhere.exit, nowhere.stderr]).toEqual([2, expect.stringContaining('--failed-to: cannot write to /nope')])
  expect(readdirSync(cli.home).filter((name) => name.endsWith('.new'))).toEqual([])
})

describe('where a node does not answer', () => {
  /** Takes connections and says nothing: the node `hole` is here. */
  const silent = createServer()
  const env = { SSH_AUTH_SOCK: '/nonexistent' }

  beforeAll(async () => {
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await cli.ok(['nodes', 'create', 'hole', '--host', '127.0.0.1', '--port', String(port), '--dir', '/opt/x', '--key', 'agent'])
  })

  afterAll(() => silent.close())

  test.each([
    'settings set mx09 hole spool-readers=3 --sync',
    'nodes install mx09 hole --dry-run',
    'fleet apply -f FILE --no-status',
  ])('%s -o ndjson prints the record of a node while another is still at work', async (line) => {
    const file = join(cli.home, 'two.yaml')
    const { port } = silent.address() as AddressInfo
    const hole = `{ host: 127.0.0.1, port: ${port}, dir: /opt/x, key: agent, settings: { spool-readers: 4 } }`
    writeFileSync(
      file,
      `version: 1\nnodes:\n  mx09: { access: local, dir: /opt/mx09, settings: { spool-readers: 4 } }\n  hole: ${hole}\n`,
    )
    const run = cli.start([...words(line.replace('FILE', file)), '-c', '2', '-o', 'ndjson'], { env })
    await run.waitFor('stdout', /^\{"node":"mx09",.*\}\n$/)
    run.child.kill('SIGINT')
    const { exit, stdout } = await run.done
    const records = lines(stdout).map((text) => (JSON.parse(text) as { readonly node: string }).node)
    expect([exit, records]).toEqual([130, ['mx09', 'hole']])
  })

  test('--failed-to is written at Ctrl-C as well, and where the answer could not be printed', async () => {
    const file = join(cli.home, 'again.txt')
    const reached = once(silent, 'connection')
    const asked = cli.start(['mta', 'status', 'hole', 'mx09', '-c', '1', '--failed-to', file], { env })
    await reached
    asked.child.kill('SIGINT')
    const { exit, signal } = await asked.done
    expect([exit, signal, readFileSync(file, 'utf8')]).toEqual([130, null, 'hole\nmx09\n'])
    const words = [BIN, 'mta', 'sync', 'mx[09-10]', '--failed-to', file, '--json']
    const full = execute('sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, ...words], { env: cli.env })
    await expect(full).rejects.toMatchObject({ code: 1 })
    expect(readFileSync(file, 'utf8')).toBe('mx09\nmx10\n')
  })
})

test.each([
  [['mx[01-'], "'mx[01-' is no set of nodes: '[' without a ']' after it (character 3)"],
  [['--all', '--pick', '0'], 'greater than or equal to 1'],
])('%j is refused: exit 2, and nothing is done', async (args, message) => {
  const run = await cli.run(['mta', 'stop', ...args, '--yes'])
  expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining(message)])
})
