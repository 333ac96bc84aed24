import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { cliNodes, journalOf, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { freePort } from '../support/ports.ts'
import { killTree, startSshd, type Sshd } from '../support/sshd.ts'
import { KEY, terminal } from '../support/pty.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const cli = testCli()
/** Of nodes that are records only. */
const many = testCli()
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')
const column = (stdout: string, index: number): string[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[index] ?? '')

let sshd: Sshd
/** Two nodes of this machine and one behind SSH; stopped, so that a sync only writes. */
let nodes: readonly CliNode[]

beforeAll(async () => {
  sshd = await startSshd()
  await trustSshd(cli, sshd)
  nodes = [
    await makeNode(cli, 'mx1', { flags: ['--label', 'role=relay', '--label', 'env=prod'] }),
    await makeNode(cli, 'mx2', { flags: ['--label', 'role=relay'], sshd }),
    await makeNode(cli, 'mx3', { flags: ['--label', 'role=bulk'] }),
  ]
  const closed = await freePort()
  for (const name of ['gone1', 'gone2']) {
    await cli.ok(words(`nodes create ${name} --host 127.0.0.1 --port ${closed} --dir /opt/${name} --key main --label role=gone`))
  }
}, 180_000)

afterAll(() => sshd.stop())

const revisions = (): number[] => nodes.map((node) => node.revision())

test('a line a node in the order of the selection; the worst outcome decides the exit code', async () => {
  const run = await cli.run(words('mta status gone1 mx3 mx2 mx1'))
  expect(run.exit).toBe(4)
  expect(column(run.stdout, 0)).toEqual(['gone1', 'mx3', 'mx2', 'mx1'])
  expect(column(run.stdout, 1)).toEqual(['unreachable', 'stopped', 'stopped', 'stopped'])
  expect(run.stderr).toMatch(/^gone1 .*connection refused/m)
})

test('--json says the same of every node, with the same exit code', async () => {
  const run = await cli.run(words('mta status --all --exclude gone2 --json'))
  expect([run.exit, run.json.exit, run.json.ok]).toEqual([4, 4, false])
  expect(run.json.nodes?.map(({ node, outcome }) => [node, outcome])).toEqual([
    ['mx1', 'ok'],
    ['mx2', 'ok'],
    ['mx3', 'ok'],
    ['gone1', 'unreachable'],
  ])
})

test('selecting by label, and leaving out', async () => {
  expect(column((await cli.ok(words('mta status -l role=relay'))).stdout, 0)).toEqual(['mx1', 'mx2'])
  expect(column((await cli.ok(words('mta status -l role!=gone,env!=prod'))).stdout, 0)).toEqual(['mx2', 'mx3'])
  expect(column((await cli.ok(words('mta status --all --exclude gone1,gone2 --exclude 1'))).stdout, 0)).toEqual(['mx2', 'mx3'])
})

test('an unknown name among good ones: exit 9, and nothing is done on any node', async () => {
  const before = [nodes.map((node) => node.sum()), journalOf(cli).length]
  const run = await cli.run(words('mta sync mx1 mx22 mx3 --exclude mx7'))
  expect([run.exit, run.stdout]).toEqual([9, ''])
  expect(run.stderr).toContain('no such nodes: mx22, mx7; nothing was done on any node')
  expect(run.stderr).toContain('did you mean mx2 (for mx22)?')
  expect([nodes.map((node) => node.sum()), journalOf(cli).length]).toEqual(before)
})

test('--max-fail: after so many failures no new node is started; the rest is skipped', async () => {
  const run = await cli.run(words('mta sync gone1 gone2 mx1 mx2 mx3 -c 1 --max-fail 2'))
  expect(run.exit).toBe(1)
  expect(column(run.stdout, 1)).toEqual(['unreachable', 'unreachable', 'skipped', 'skipped', 'skipped'])
  expect(run.stderr).toContain('mx1: left out: 2 nodes failed before (--max-fail 2)')
  expect(revisions()).toEqual([0, 0, 0])
  const failed = journalOf(cli).slice(-2)
  expect(failed).toMatchObject([{ verb: 'mta sync', node: 'gone1', outcome: 'unreachable' }, { node: 'gone2' }])
})

test('Ctrl-C while nodes are asked ends at once: exit 130, and every node is cancelled', async () => {
  const shims = join(cli.home, 'shims')
  mkdirSync(shims)
  const asked = join(shims, 'asked')
  writeFileSync(join(shims, 'date'), `#!/bin/sh\necho $$ >'${asked}.new' && mv '${asked}.new' '${asked}'\nexec sleep 20\n`, {
    mode: 0o755,
  })
  const status = cli.start(words('mta status mx1 mx3 -c 1'), { env: { PATH: `${shims}:/usr/sbin:/usr/bin:/bin` } })
  await until('the node is asked', 60, () => existsSync(asked) || undefined)
  const before = Date.now()
  status.child.kill('SIGINT')
  const run = await status.done
  killTree(Number(readFileSync(asked, 'utf8'))) // a program of a node that is silent outlives who asked
  expect([run.exit, column(run.stdout, 1), Date.now() - before < 10_000]).toEqual([130, ['cancelled', 'cancelled'], true])
})

describe('--confirm-above', () => {
  test('without a terminal, more nodes than that need --yes', async () => {
    const refused = await cli.run(words('mta sync mx1 mx2 mx3 --confirm-above 2'))
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('give --yes')])
    expect(revisions()).toEqual([0, 0, 0])
    expect((await cli.ok(words('mta sync mx1 mx2 mx3 --confirm-above 2 --dry-run'))).stdout).toContain('would be')
  })

  test('is 10 unless the command line says otherwise: a variable left over agrees to nothing', async () => {
    const nodes = Array.from({ length: 11 }, (_, index) => `  d${index}: { access: local, dir: /opt/d${index} }\n`)
    const file = join(cli.home, 'many.yaml')
    writeFileSync(file, `version: 1\nnodes:\n${nodes.join('')}`)
    await many.ok(['fleet', 'apply', '-f', file, '--no-sync'])
    const refused = await many.run(words('mta stop --all'), { env: { AKCTL_CONFIRM_ABOVE: '9999' } })
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('stop of 11 nodes needs a consent')])
  })

  test('a person at a terminal is shown the set and asked; no means no', async () => {
    const screen = terminal(cli, words('mta sync mx1 mx2 mx3 --confirm-above 2'))
    await screen.expect('3 nodes: mx1 mx2 mx3')
    await screen.expect('sync 3 nodes?')
    screen.send(`n${KEY.enter}`)
    expect(await screen.done).toBe(130)
    expect(revisions()).toEqual([0, 0, 0])
  })

  test('yes means yes, on all of them', async () => {
    const screen = terminal(cli, words('mta sync mx1 mx2 mx3 --confirm-above 2'))
    await screen.expect('sync 3 nodes?')
    screen.send(`y${KEY.enter}`)
    expect(await screen.done).toBe(0)
    expect(revisions()).toEqual([1, 1, 1])
  })

  test('--yes does without the question, a set of that size is none', async () => {
    await cli.ok(words('settings set --all --exclude gone1,gone2 esmtp-connection-timeout=17s'))
    await cli.ok(words('mta sync mx1 mx2 --confirm-above 2'))
    await cli.ok(words('mta sync mx1 mx2 mx3 --confirm-above 2 --yes'))
    expect(revisions()).toEqual([2, 2, 2])
    expect(nodes.map((node) => node.parameter('smtp_connect_timeout'))).toEqual(['17s', '17s', '17s'])
  })
})

test('settings set --sync of several nodes: a node that fails keeps its setting, and is named', async () => {
  const run = await cli.run(words('settings set mx1 gone1 mx2 esmtp-connection-timeout=18s --sync --json'))
  expect(run.exit).toBe(4)
  expect(run.json.nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed', result: { changes: [{ key: 'esmtp-connection-timeout' }], sync: { steps: ['wrote'] } } },
    { node: 'gone1', outcome: 'unreachable', result: { changes: [{ key: 'esmtp-connection-timeout' }] } },
    { node: 'mx2', outcome: 'changed' },
  ])
  expect(nodes.map((node) => node.parameter('smtp_connect_timeout'))).toEqual(['18s', '18s', '17s'])
})

test('the addresses of nodes: which the MTA listens on, and one it should send from and has not', async () => {
  await cli.ok(words('nodes edit mx3 --address 203.0.113.77'))
  await cli.ok(words('mta start mx3'))
  const run = await cli.ok(words('node interfaces mx1 mx3 --json'))
  const listening = run.json.nodes?.map(({ result }) =>
    (result as { address: string; listens: string[]; sends: string }[]).find(({ address }) => address === '127.0.0.1'),
  )
  expect(listening).toMatchObject([
    { listens: [], sends: 'any' },
    { listens: [nodes[2]?.listen], sends: 'no' },
  ])
  expect(run.json.warnings).toEqual([expect.stringContaining('mx3: it is to send from 203.0.113.77')])
  expect((await cli.ok(words('nodes interfaces mx1'))).stdout).toContain('mx1\tlo\t127.0.0.1\tany\t-')
})
