import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { cliNodes, journalOf, storedNode, treeSum, type CliNode } from '../support/cli-nodes.ts'

jest.setTimeout(180_000)

const cli = testCli()
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')
const cells = (stdout: string): string[] => stdout.trim().split('\t')

let mx1: CliNode

beforeAll(async () => {
  mx1 = await makeNode(cli, 'mx1')
}, 120_000)

describe('the daily life of one node, in this order', () => {
  test('installed, it was never told anything; diff finds what a sync would tell it', async () => {
    expect(mx1.revision()).toBe(0)
    expect(cells((await cli.ok(words('mta status mx1'))).stdout).slice(0, 4)).toEqual(['mx1', 'stopped', 'never', '0'])
    const never = await cli.run(words('mta diff mx1'))
    expect([never.exit, never.stdout]).toEqual([10, 'mx1\tnever\ta sync would write its first revision\t-\t-\n'])
    await cli.ok(words('settings set mx1 esmtp-connection-timeout=12s'))
    const diff = await cli.run(words('mta diff mx1 --json'))
    expect(diff.exit).toBe(10)
    expect(diff.json).toMatchObject({
      ok: false,
      nodes: [
        { node: 'mx1', outcome: 'ok', result: { synced: 'never', keys: [{ key: 'esmtp-connection-timeout', wanted: 12 }] } },
      ],
    })
    expect(JSON.stringify(diff.json.nodes)).toContain('+smtp_connect_timeout = 12s')
  })

  test('start tells it its settings first, and it runs with them', async () => {
    const run = await cli.ok(words('mta start mx1'))
    expect(cells(run.stdout)).toEqual([
      'mx1',
      'changed',
      'settings written (esmtp-connection-timeout: not set -> 12s), started',
      '1',
    ])
    expect(mx1.masters()).toHaveLength(1)
    expect(mx1.parameter('smtp_connect_timeout')).toBe('12s')
    expect(mx1.record()).toMatchObject({ revision: 1, settings: { 'esmtp-connection-timeout': 12 } })
    expect(storedNode(cli, 'mx1')?.baseRevision).toBe(1)
    const [status] = (await cli.ok(words('mta status mx1 --json'))).json.nodes ?? []
    expect(status?.result).toMatchObject({
      running: true,
      synced: 'yes',
      pid: mx1.masters()[0],
      listening: [mx1.listen],
      loaded: 1,
    })
  })

  test('a second start and a second sync are named no-ops', async () => {
    const pids = mx1.masters()
    expect(cells((await cli.ok(words('mta start mx1'))).stdout)).toEqual(['mx1', 'ok', 'runs already, nothing to do', '1'])
    expect(cells((await cli.ok(words('mta sync mx1'))).stdout)).toEqual(['mx1', 'ok', 'is synced already, nothing to do', '1'])
    expect([mx1.masters(), mx1.revision()]).toEqual([pids, 1])
  })

  test('set --sync tells it at once, by a reload: the process stays', async () => {
    const pids = mx1.masters()
    const run = await cli.ok(words('settings set mx1 esmtp-connection-timeout=15s --sync'))
    expect(run.stdout).toContain(
      'esmtp-connection-timeout: 12s -> 15s; sync: settings written (esmtp-connection-timeout: 12s -> 15s), reloaded',
    )
    expect([mx1.masters(), mx1.parameter('smtp_connect_timeout'), mx1.revision()]).toEqual([pids, '15s', 2])
  })

  test('--no-restart writes and leaves the process alone: SYNCED is reload until the next sync', async () => {
    const pids = mx1.masters()
    await cli.ok(words('settings set mx1 esmtp-connection-timeout=16s'))
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('no')
    expect((await cli.ok(words('mta sync mx1 --no-restart'))).stdout).toContain('not loaded by the running process yet')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('reload')
    const again = await cli.ok(words('mta sync mx1 --no-restart'))
    expect(cells(again.stdout)).toEqual(['mx1', 'ok', 'nothing to write, not loaded by the running process yet', '3'])
    expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'mta sync', outcome: 'ok' })
    const diff = await cli.run(words('mta diff mx1'))
    expect([diff.exit, diff.stdout]).toEqual([10, 'mx1\treload\tthe running process has not loaded it\t-\t-\n'])
    expect((await cli.ok(words('mta sync mx1'))).stdout).toContain('reloaded')
    expect((await cli.run(words('mta diff mx1'))).exit).toBe(0)
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('yes')
    expect([mx1.masters(), mx1.revision()]).toEqual([pids, 3])
  })

  test('a hand edit is found, shown, kept and replaced', async () => {
    const file = mx1.path('akctl/current/conf/main.cf')
    appendFileSync(file, 'smtp_helo_timeout = 77s\n')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('edited')
    const diff = await cli.run(words('mta diff mx1 -o table'))
    expect([diff.exit, diff.stdout]).toEqual([
      10,
      expect.stringMatching(/main\.cf .*edited by hand(.|\n)*-smtp_helo_timeout = 77s/),
    ])
    const sync = await cli.ok(words('mta sync mx1 --json'))
    const saved = /kept on the node in (\S+)/.exec(sync.json.warnings.join('\n'))?.[1] ?? ''
    expect(readFileSync(join(saved, 'main.cf'), 'utf8')).toContain('smtp_helo_timeout = 77s')
    expect(mx1.parameter('smtp_helo_timeout')).not.toBe('77s')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('yes')
  })

  test("a change of the operator's base shows as edited, and a sync takes it in", async () => {
    appendFileSync(mx1.path('base/main.cf'), 'smtp_quit_timeout = 33s\n')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('edited')
    expect((await cli.run(words('mta diff mx1'))).stdout).toContain('\tbase\tmain.cf\t')
    expect((await cli.ok(words('mta sync mx1'))).stderr).toContain('the base had changed')
    expect(mx1.parameter('smtp_quit_timeout')).toBe('33s')
  })

  test('rollback brings the revision before back, says that the profile wants something else, and pull settles it', async () => {
    await cli.ok(words('settings set mx1 esmtp-connection-timeout=20s --sync'))
    const before = mx1.revision()
    const run = await cli.ok(words('mta rollback mx1'))
    expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([before + 1, '16s'])
    const text = `settings of revision ${before - 1} written, reloaded`
    expect(cells(run.stdout)).toEqual(['mx1', 'changed', text, String(before + 1)])
    expect(run.stderr).toContain('akctl settings pull mx1')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('no')
    expect((await cli.ok(words('settings pull mx1'))).stdout).toContain('esmtp-connection-timeout: 20s -> 16s')
    expect(cells((await cli.ok(words('mta status mx1'))).stdout)[2]).toBe('yes')
  })

  test('stop stops; a second stop is a named no-op; restart starts a stopped one', async () => {
    await cli.ok(words('mta stop mx1'))
    expect(mx1.masters()).toEqual([])
    expect(cells((await cli.ok(words('mta stop mx1'))).stdout).slice(0, 3)).toEqual([
      'mx1',
      'ok',
      'is stopped already, nothing to do',
    ])
    expect((await cli.run(words('mta status mx1 --expect running,synced'))).exit).toBe(10)
    await cli.ok(words('mta restart mx1'))
    const [pid] = mx1.masters()
    expect(pid).toBeGreaterThan(0)
    expect((await cli.run(words('mta status mx1 --expect running,synced'))).exit).toBe(0)
    await cli.ok(words('mta restart mx1'))
    expect(mx1.masters()).not.toContain(pid)
  })

  test('every change is in the journal, with its outcome and revision', () => {
    const lines = journalOf(cli).map(({ verb, node, outcome, revision }) =>
      `${verb} ${node ?? ''} ${outcome} ${revision ?? ''}`.trim(),
    )
    expect(lines.slice(0, 5)).toEqual([
      'nodes create mx1 changed',
      'nodes install mx1 changed',
      'settings set mx1 changed',
      'mta start mx1 changed 1',
      'mta start mx1 ok 1',
    ])
    expect(lines).toContain('mta rollback mx1 changed 7')
    expect(lines).toContain('settings pull mx1 changed')
    expect(lines.filter((line) => line.startsWith('mta stop'))).toEqual(['mta stop mx1 changed', 'mta stop mx1 ok'])
  })
})

test('a start that fails is exit 1 and shows the last lines of the log', async () => {
  const bad = await makeNode(cli, 'bad')
  const [host = '', port = ''] = bad.listen.split(':')
  const other = createServer().listen(Number(port), host)
  await once(other, 'listening')
  try {
    const run = await cli.run(words('mta start bad'))
    expect(run.exit).toBe(1)
    expect(run.stderr).toMatch(/bad: .*did not start/)
    expect(run.stderr).toMatch(/\|.*[Aa]ddress already in use/)
    expect(bad.masters()).toEqual([])
    expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'mta start', node: 'bad', outcome: 'failed' })
  } finally {
    other.close()
  }
})

test('a directory that is not prepared is exit 1, naming the command that does it', async () => {
  await makeNode(cli, 'empty', { install: false })
  const run = await cli.run(words('mta sync empty'))
  expect([run.exit, run.stderr]).toEqual([1, expect.stringContaining('akctl nodes install empty')])
  expect(cells((await cli.ok(words('mta status empty'))).stdout)[1]).toBe('absent')
  await cli.ok(words('nodes delete empty --yes'))
})

test('--dry-run of every changing verb changes nothing: not the node, not its process, not the profile', async () => {
  await cli.ok(words('mta start mx1'))
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=44s'))
  const before = [mx1.sum(), treeSum(cli.home), mx1.masters()]
  for (const line of [
    'mta sync mx1',
    'mta sync mx1 --take-over',
    'mta start mx1',
    'mta stop mx1',
    'mta restart mx1',
    'mta rollback mx1',
    'settings set mx1 profiling=on',
    'settings set mx1 profiling=on --sync',
    'settings set --defaults profiling=on --sync',
    'settings unset mx1 esmtp-connection-timeout',
    'settings pull mx1',
    'nodes install mx1',
  ]) {
    const run = await cli.ok([...words(line), '--dry-run'])
    expect([line, run.stdout]).toEqual([line, expect.stringContaining('would be')])
  }
  expect([mx1.sum(), treeSum(cli.home), mx1.masters()]).toEqual(before)
}, 120_000)

test('--dry-run says what then happens: to the process, and where a rollback goes', async () => {
  const what = async (line: string): Promise<string | undefined> => (await cli.ok(words(line))).stdout.split('\t')[2]
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=45s smtp-listen-only-interfaces=127.0.0.2'))
  const planned = await what('mta sync mx1 --dry-run')
  expect(planned).toMatch(/^would be: settings written \(.*\), restarted$/)
  expect(await what('mta sync mx1')).toBe(planned?.replace('would be: ', ''))
  const at = mx1.revision()
  expect(await what('mta rollback mx1 --dry-run')).toMatch(
    new RegExp(`^would be: settings of revision ${at - 1} written \\(.*esmtp-connection-timeout: 45s -> .*\\), restarted$`),
  )
  const bad = await cli.run(words('mta rollback mx1 --to 999 --dry-run'))
  expect([bad.exit, bad.stderr]).toEqual([1, expect.stringContaining("can't go back to revision 999; it has")])
  await cli.ok(words('settings unset mx1 smtp-listen-only-interfaces'))
  await cli.ok(words('mta sync mx1'))
}, 120_000)

test('wrong usage is found before anything is done', async () => {
  for (const [line, exit] of [
    ['mta stop', 2],
    ['mta stop mx1 --all', 2],
    ['mta status mx1 --expect up', 2],
    ['mta stop mx1 mx7', 9],
    ['mta stop -l role=none', 9],
    ['mta stop mx1 --nonsense', 2],
    ['mta rollback mx1 --to x', 2],
    [`mta sync mx1 --reason ${'x'.repeat(1025)}`, 2],
    ['mta sync mx1 --reason two\nlines', 2],
    ['locks release 01JE3Z4Q9W8V7T6S5R4P3N2M1K mx1 --yes --reason two\nlines', 2],
  ] as const) {
    const run = await cli.run(words(line))
    expect([line, run.exit, run.stdout]).toEqual([line, exit, ''])
  }
  expect(mx1.masters()).toHaveLength(1)
})
