import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { journalOf, storedNode } from '../support/cli-nodes.ts'

jest.setTimeout(120_000)

const cli = testCli()
const words = (line: string): string[] => line.split(' ')
const rows = (stdout: string): string[][] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

function defaults(): unknown {
  return (JSON.parse(readFileSync(join(cli.home, 'profiles/default/profile.json'), 'utf8')) as { defaults: unknown }).defaults
}

beforeAll(async () => {
  await cli.ok(words('nodes create mx1 --access local --dir /opt/one --label role=relay'))
  await cli.ok(words('nodes create mx2 --access local --dir /opt/two --label role=relay --mta haraka'))
  await cli.ok(words('nodes create mx3 --access local --dir /opt/three'))
})

test('set by key and by page label, on several nodes, in canonical form; hint and warning on stderr', async () => {
  const run = await cli.ok([...words('settings set -l role=relay esmtp-connection-timeout=2m'), 'DNS cache expire=0'])
  expect(run.stdout).toBe(
    ['mx1', 'mx2']
      .map((node) => `${node}\tchanged\tdns-cache-expire: not set -> 0s, esmtp-connection-timeout: not set -> 2m\n`)
      .join(''),
  )
  expect(storedNode(cli, 'mx1')?.settings).toEqual({ 'esmtp-connection-timeout': 120, 'dns-cache-expire': 0 })
  expect(storedNode(cli, 'mx2')?.settings).toEqual({ 'esmtp-connection-timeout': 120, 'dns-cache-expire': 0 })
  expect(storedNode(cli, 'mx3')?.settings).toEqual({})
  expect(run.stderr).toMatch(/^warning: dns-cache-expire has no effect on mx1: .{10}/m)
  expect(run.stderr).toContain('not synced: run akctl mta sync mx1 mx2')
  expect(journalOf(cli).slice(-2)).toMatchObject([
    { verb: 'settings set', node: 'mx1', outcome: 'changed', message: 'dns-cache-expire, esmtp-connection-timeout' },
    { verb: 'settings set', node: 'mx2', outcome: 'changed' },
  ])
})

test('the same again changes nothing, and asks for no sync', async () => {
  const run = await cli.ok(words('settings set mx1 esmtp-connection-timeout=120 --json'))
  expect(run.json.nodes).toEqual([{ node: 'mx1', outcome: 'ok', result: { changes: [], dryRun: false } }])
  expect(run.stderr).toBe('')
})

test('all bad assignments are reported at once; the good ones beside them are not set', async () => {
  const run = await cli.run([...words('settings set mx3 spool-readers=4 spool-cleaner-timeout=90d bogus=1 profiling=')])
  expect(run.exit).toBe(2)
  expect(run.stderr).toContain('spool-cleaner-timeout: "90d" is not allowed: give a duration from 1d to 30d')
  expect(run.stderr).toContain('there is no setting "bogus"')
  expect(run.stderr).toContain('akctl settings unset NODE profiling')
  expect(storedNode(cli, 'mx3')?.settings).toEqual({})
})

test('an unknown node among good ones: exit 9, and none is changed', async () => {
  const before = readFileSync(join(cli.home, 'profiles/default/profile.json'), 'utf8')
  const run = await cli.run(words('settings set mx1 mx9 mx2 profiling=on'))
  expect([run.exit, run.stderr]).toEqual([9, expect.stringContaining('no such node: mx9')])
  expect(readFileSync(join(cli.home, 'profiles/default/profile.json'), 'utf8')).toBe(before)
})

test('defaults hold where a node has no value of its own; the origin is told', async () => {
  const run = await cli.ok(words('settings set --defaults esmtp-connection-timeout=30s spool-cleaner-timeout=5d'))
  expect(run.stdout).toBe('(defaults)\tchanged\tspool-cleaner-timeout: not set -> 5d, esmtp-connection-timeout: not set -> 30s\n')
  expect(defaults()).toEqual({ 'esmtp-connection-timeout': 30, 'spool-cleaner-timeout': 432_000 })
  expect(rows((await cli.ok(words('settings list --set'))).stdout).map((row) => row.slice(0, 4))).toEqual([
    ['mx1', 'spool-cleaner-timeout', '5d', 'profile'],
    ['mx1', 'dns-cache-expire', '0s', 'node'],
    ['mx1', 'esmtp-connection-timeout', '2m', 'node'],
    ['mx2', 'spool-cleaner-timeout', '5d', 'profile'],
    ['mx2', 'dns-cache-expire', '0s', 'node'],
    ['mx2', 'esmtp-connection-timeout', '2m', 'node'],
    ['mx3', 'spool-cleaner-timeout', '5d', 'profile'],
    ['mx3', 'esmtp-connection-timeout', '30s', 'profile'],
  ])
  const all = rows((await cli.ok(words('settings list mx3'))).stdout)
  expect(all).toHaveLength(23)
  expect(all[0]).toEqual(['mx3', 'priority-channel-size', '-', 'mta', 'nearest'])
  expect(rows((await cli.ok(words('settings list --defaults --set'))).stdout).map((row) => row.slice(0, 3))).toEqual([
    ['(defaults)', 'spool-cleaner-timeout', '5d'],
    ['(defaults)', 'esmtp-connection-timeout', '30s'],
  ])
})

test('get prints the value alone; nothing for one that nobody set, and why on stderr', async () => {
  expect((await cli.ok(words('settings get mx1 esmtp-connection-timeout'))).stdout).toBe('2m\n')
  expect((await cli.ok(['settings', 'get', '3', 'ESMTP connection timeout'])).stdout).toBe('30s\n')
  expect((await cli.ok(words('settings get --defaults spool-cleaner-timeout'))).stdout).toBe('5d\n')
  const none = await cli.ok(words('settings get mx1 profiling'))
  expect([none.stdout, none.stderr]).toEqual(['', "profiling is not set: the MTA's own configuration holds\n"])
  expect((await cli.ok(words('settings get mx1 profiling --json'))).json.data).toEqual({
    key: 'profiling',
    origin: 'mta',
    support: 'unsupported',
  })
  expect((await cli.run(words('settings get mx1 nothing'))).exit).toBe(9)
  expect((await cli.run(words('settings get mx1'))).exit).toBe(2)
  expect((await cli.run(words('settings get --defaults mx1 profiling'))).exit).toBe(2)
})

test('unset takes a value away again; what then holds is the default', async () => {
  const typo = await cli.run(words('settings unset mx1 esmtp-conection-timeout'))
  expect([typo.exit, typo.stderr]).toEqual([9, expect.stringContaining('did you mean esmtp-connection-timeout?')])
  const run = await cli.ok(words('settings unset mx1 esmtp-connection-timeout profiling'))
  expect(run.stdout).toBe('mx1\tchanged\tesmtp-connection-timeout: 2m -> not set\n')
  expect(storedNode(cli, 'mx1')?.settings).toEqual({ 'dns-cache-expire': 0 })
  expect((await cli.ok(words('settings get mx1 esmtp-connection-timeout'))).stdout).toBe('30s\n')
  await cli.ok(words('settings unset --defaults spool-cleaner-timeout'))
  expect(defaults()).toEqual({ 'esmtp-connection-timeout': 30 })
})

test('a default that no node feels is no reason to sync', async () => {
  await cli.ok(words('settings set --all esmtp-connection-timeout=40s'))
  expect((await cli.ok(words('settings set --defaults esmtp-connection-timeout=50s'))).stderr).toBe('')
})

test('describe tells what each becomes per driver, the range, and where the figures come from', async () => {
  const table = rows((await cli.ok(words('settings describe'))).stdout)
  expect(table).toHaveLength(23)
  expect(table.find(([key]) => key === 'esmtp-connection-timeout')?.slice(1, 7)).toEqual([
    'duration',
    's',
    '1s-300s',
    '30s',
    'native',
    'nearest',
  ])
  const one = await cli.ok(['settings', 'describe', 'ESMTP connection timeout', '-o', 'table'])
  expect(one.stdout).toMatch(/^postfix +native: smtp_connect_timeout/m)
  expect(one.stdout).toContain('proposals from MTA practice')
  expect((await cli.run(words('settings describe nothing'))).exit).toBe(9)
})

test('wrong usage is refused', async () => {
  for (const line of [
    'settings set mx1',
    'settings set profiling=on',
    'settings set --defaults mx1 profiling=on',
    'settings unset mx1',
    'settings list --defaults mx1',
    'settings set mx1 --all profiling=on',
    'settings set mx1 profiling=on --serial 1',
    'settings unset mx1 profiling --no-gate --on-failure rollback',
    'settings set mx1 profiling=on --sync --pause-between 1s',
  ]) {
    const run = await cli.run(words(line))
    expect([line, run.exit]).toEqual([line, 2])
  }
  const idle = await cli.run(words('settings unset mx1 profiling --no-gate --on-failure rollback'))
  expect(idle.stderr).toContain('--gate and --on-failure have a meaning only with --sync')
  await cli.ok(words('settings set mx1 profiling=on'), { env: { AKCTL_SERIAL: '1' } }) // for the verbs that go in waves
})
