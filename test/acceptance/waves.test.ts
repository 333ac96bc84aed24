import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { holdLock } from '../support/agent.ts'
import { testCli } from '../support/cli.ts'
import { cliNodes, journalOf, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const cli = testCli()
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')

let sshd: Sshd
/** Three running Postfix nodes, the second behind SSH; all were told 5 spool readers. */
let nodes: readonly [CliNode, CliNode, CliNode]

beforeAll(async () => {
  sshd = await startSshd()
  await trustSshd(cli, sshd)
  nodes = [await makeNode(cli, 'mx1'), await makeNode(cli, 'mx2', { sshd }), await makeNode(cli, 'mx3')]
  await cli.ok(words('settings set --defaults spool-readers=5'))
  await cli.ok(words('mta start --all'))
}, 180_000)

afterAll(() => sshd.stop())

const readers = (): unknown[] => nodes.map((node) => node.record().settings['spool-readers'])
const lease = (node: CliNode): string => readFileSync(join(node.directory, 'akctl/lease'), 'utf8')
const running = (): number[] => nodes.map((node) => node.masters().length)

test('a wave starts when the one before has ended; each is said on stderr, each node is printed as it ends', async () => {
  await cli.ok(words('settings set --defaults spool-readers=6'))
  const run = await cli.ok(words('mta sync --all --serial 1,100% -o ndjson'))
  expect(run.stderr).toBe('wave 1 of 2: 1 node\nwave 2 of 2: 2 nodes\n')
  const records = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly node: string; readonly outcome: string })
  expect(records[0]).toMatchObject({ node: 'mx1', outcome: 'changed' })
  expect(records.map(({ node }) => node).toSorted()).toEqual(['mx1', 'mx2', 'mx3'])
  expect(readers()).toEqual([6, 6, 6])
  const began = nodes.map((node) => Date.parse(node.record().at))
  expect(Math.min(began[1] ?? 0, began[2] ?? 0)).toBeGreaterThan(began[0] ?? Infinity)
})

test('an MTA that dies after its change fails the gate: the run ends, and what it changed is put back', async () => {
  const before = nodes.map((node) => node.revision())
  await cli.ok(words('settings set --defaults spool-readers=7'))
  const started = cli.start(
    words('mta sync mx1 mx2 mx3 --serial 1 --pause-between 3s --gate-timeout 2s --on-failure rollback --json'),
  )
  await until('mx2 was told', 60, () => nodes[1].record().settings['spool-readers'] === 7 || undefined)
  await until('its order has ended', 30, () => journalOf(cli).at(-1)?.node === 'mx2' || undefined)
  for (const pid of nodes[1].masters()) process.kill(pid, 'SIGKILL')
  const run = await started.done
  expect(run.exit).toBe(1)
  expect(run.json.nodes?.map(({ node, outcome }) => [node, outcome])).toEqual([
    ['mx1', 'failed'],
    ['mx2', 'failed'],
    ['mx3', 'skipped'],
  ])
  expect(run.json.nodes?.[1]?.error?.message).toContain('did not pass the health gate within 2 s: the MTA is not running')
  expect(run.stderr).toContain('put back to what they had before this run: mx[1-2]')
  expect(readers()).toEqual([6, 6, 6])
  expect(nodes.map((node) => node.revision())).toEqual([(before[0] ?? 0) + 2, (before[1] ?? 0) + 2, before[2]])
  expect(running()).toEqual([1, 1, 1])
  expect(journalOf(cli).filter(({ message }) => message === 'put back, as the run failed')).toMatchObject([
    { verb: 'mta rollback', node: expect.stringMatching(/mx[12]/) as string, outcome: 'changed' },
    { verb: 'mta rollback', node: expect.stringMatching(/mx[12]/) as string, outcome: 'changed' },
  ])
})

test('an MTA that hangs after its change fails the gate, though its process is there', async () => {
  const started = cli.start(words('mta restart mx1 mx2 --serial 1 --pause-between 3s --gate-timeout 1s --json'))
  await until('mx1 is restarted', 60, () => journalOf(cli).at(-1)?.verb === 'mta restart' || undefined)
  const [pid = 0] = nodes[0].masters()
  process.kill(pid, 'SIGSTOP')
  const run = await started.done
  process.kill(pid, 'SIGCONT')
  expect(run.exit).toBe(1)
  expect(run.json.nodes?.map(({ outcome }) => outcome)).toEqual(['failed', 'skipped'])
  expect(run.json.nodes?.[0]?.error?.message).toContain('within 1 s: the MTA runs and does not answer')
})

test('SIGTERM in the pause, when nobody else gets at the node: no new node, what was done stays, exit 130', async () => {
  await cli.ok(words('settings set --defaults spool-readers=8'))
  const started = cli.start(words('mta sync mx1 mx2 mx3 --serial 1 --pause-between 1h --json'))
  await until('mx1 was told', 60, () => nodes[0].record().settings['spool-readers'] === 8 || undefined)
  await until('its order has ended', 30, () => journalOf(cli).at(-1)?.node === 'mx1' || undefined)
  const other = await cli.run(words('mta stop mx1 --lock-timeout 0'))
  expect([other.exit, other.stderr]).toEqual([8, expect.stringMatching(/keeps the node locked since .*: mta sync/)])
  expect(lease(nodes[0])).toContain('kept=yes')
  started.child.kill('SIGTERM')
  const run = await started.done
  expect(run.exit).toBe(130)
  expect(lease(nodes[0])).toBe('')
  expect(run.json.nodes?.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  expect(run.json.nodes?.map(({ result }) => result !== undefined)).toEqual([true, false, false])
  expect(readers()).toEqual([8, 6, 6])
})

test('SIGTERM at the gate of the last wave: exit 130, and the node that nobody looked at is named', async () => {
  const queue = nodes[0].path('queue/hold/ABC')
  await cli.ok(words('settings set mx1 spool-readers=4'))
  const lock = await holdLock(nodes[0].directory)
  const started = cli.start(words('mta sync mx1 --serial 100% --gate-timeout 1h --gate-queue 0 --lock-timeout 60 --json'))
  await lock.waitedFor()
  writeFileSync(queue, '')
  lock.free()
  await until('its order has ended', 60, () => journalOf(cli).at(-1)?.node === 'mx1' || undefined)
  started.child.kill('SIGTERM')
  const run = await started.done
  rmSync(queue)
  expect([run.exit, run.json.ok]).toEqual([130, false])
  expect(run.json.nodes).toMatchObject([{ node: 'mx1', outcome: 'cancelled', error: { kind: 'cancelled' } }])
  expect(run.stderr).toContain('changed, but not looked at, as the run was cancelled: mx1')
  expect(nodes[0].record().settings['spool-readers']).toBe(4)
  expect(lease(nodes[0])).toBe('')
  await cli.ok(words('settings unset mx1 spool-readers'))
})

test('SIGINT during an order: it has its grace, then its end is not waited for; the next command finds out', async () => {
  await cli.ok(words('settings set mx3 spool-readers=9'))
  const lock = await holdLock(nodes[2].directory)
  const started = cli.start(words('mta sync mx3 mx2 --serial 1 --grace 1 --lock-timeout 60 --json'))
  await lock.waitedFor()
  started.child.kill('SIGINT')
  const run = await started.done
  expect(run.stderr.match(/^interrupted: no further node is begun, and orders under way have 1 s to end/gm)).toHaveLength(1)
  expect([130, -1]).toContain(run.exit) // 130, or died of the signal, which is the same to a shell
  expect(run.json.nodes?.map(({ outcome }) => outcome)).toEqual(['unknown', 'cancelled'])
  lock.free()
  await until('the order went on without akctl', 30, () => nodes[2].record().settings['spool-readers'] === 9 || undefined)
  await until('and ended', 30, () => lease(nodes[2]).includes('worker=') || undefined)
  const kept = /^id=(.*)$/m.exec(lease(nodes[2]))?.[1] ?? ''
  await cli.ok(['locks', 'release', kept, 'mx3', '--yes']) // else it expires within 60 s
  expect((await cli.ok(words('mta sync mx3'))).stdout).not.toContain('still at work')
  expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'mta sync', node: 'mx3', outcome: 'ok' })
  expect(journalOf(cli)).toContainEqual(
    expect.objectContaining({ node: 'mx3', outcome: 'changed', message: 'found out later: it succeeded' }),
  )
})

test.each([
  ['--serial 0', '--serial does not understand'],
  ['--serial 1 --max-fail 101%', '--max-fail does not understand'],
  ['--on-failure rollback', 'give --serial too'],
  ['--no-gate', '--no-gate has a meaning only in waves'],
  ['--gate-timeout 30s --gate-queue 0', '--gate-timeout and --gate-queue have a meaning only in waves'],
  ['--serial 1 --gate-timeout soon', '--gate-timeout does not understand'],
])('%s is refused before anything is done', async (flags, message) => {
  const before = nodes.map((node) => node.sum())
  const run = await cli.run(words(`mta sync --all ${flags}`))
  expect(run.exit).toBe(2)
  expect(run.stderr).toContain(message)
  expect(nodes.map((node) => node.sum())).toEqual(before)
})
