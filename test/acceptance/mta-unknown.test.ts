import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { testCli, type CliRun } from '../support/cli.ts'
import { cliNodes, journalOf, storedNode, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { childrenOf } from '../support/processes.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const cli = testCli()
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')

let sshd: Sshd
let mx1: CliNode

beforeAll(async () => {
  sshd = await startSshd()
  await trustSshd(cli, sshd)
  mx1 = await makeNode(cli, 'mx1', { sshd })
}, 120_000)

afterAll(() => sshd.stop())

const pendingFile = (): string => join(cli.home, 'profiles/default/orders', String(storedNode(cli, 'mx1')?.id))

/** The shells that run scripts for sshd: what a cut link leaves at work. */
function shells(): number[] {
  const below = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(below)]
  return sshd.connections().flatMap(below).filter(isShell)
}

function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sh'
  } catch {
    return false // it has ended
  }
}

/**
 * Runs a changing command and cuts its link once its order has begun on the node, whose script is held there.
 * @returns how akctl ended, and what lets the script go on
 */
async function cutDuring(verb: string, args: readonly string[]): Promise<{ readonly run: CliRun; readonly goOn: () => void }> {
  const before = mx1.begun(verb)
  const process = cli.start(args)
  const held = await until(`${verb} has begun on the node`, 60, () => {
    if (mx1.begun(verb) === before) return undefined
    const pids = shells()
    for (const pid of pids) signal(pid, 'SIGSTOP')
    return pids.length > 0 ? pids : undefined
  })
  for (const pid of sshd.connections()) signal(pid, 'SIGKILL')
  return { run: await process.done, goOn: () => held.forEach((pid) => signal(pid, 'SIGCONT')) }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended by itself
  }
}

test('a link cut in the middle of a sync is exit 7, and the order stays noted', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=12s'))
  const { run, goOn } = await cutDuring('sync', words('mta sync mx1'))
  try {
    expect(run.exit).toBe(7)
    expect(run.stdout.split('\t').slice(0, 2)).toEqual(['mx1', 'unknown'])
    expect(run.stderr).toContain('its end was not seen')
    expect(existsSync(pendingFile())).toBe(true)
    expect(storedNode(cli, 'mx1')?.baseRevision).toBeUndefined()
    expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'mta sync', outcome: 'unknown', orderId: expect.any(String) as string })

    const change = await cli.run(words('mta stop mx1 --lock-timeout 1'))
    expect([change.exit, change.stderr]).toEqual([8, expect.stringContaining('still at work')])
    const look = await cli.ok(words('mta status mx1'))
    expect(look.stderr).toContain('still at work')
    expect(existsSync(pendingFile())).toBe(true)
  } finally {
    goOn()
  }
})

test('once it has ended, the next command finds that it succeeded, says so, and knows the revision', async () => {
  await until('the order has ended on the node', 60, () => mx1.revision() === 1 || undefined)
  const next = await until('akctl has found out', 60, async () => {
    const run = await cli.ok(words('mta status mx1'))
    return run.stderr.includes('succeeded') ? run : undefined
  })
  expect(next.stderr).toMatch(/mx1: the sync of \S+, whose end was not seen, succeeded/)
  expect(next.stdout.split('\t').slice(0, 4)).toEqual(['mx1', 'stopped', 'yes', '1'])
  expect([existsSync(pendingFile()), storedNode(cli, 'mx1')?.baseRevision, mx1.parameter('smtp_connect_timeout')]).toEqual([
    false,
    1,
    '12s',
  ])
  const [before, after] = journalOf(cli).slice(-2)
  expect(after).toMatchObject({
    verb: 'mta sync',
    outcome: 'changed',
    revision: 1,
    message: expect.stringContaining('found out later') as string,
  })
  expect([before?.verb, before?.outcome]).toEqual(['mta stop', 'conflict'])
  expect((await cli.ok(words('mta sync mx1'))).stdout).toContain('is synced already')
})

test('a script that was killed on the node is found dead; the node is as before, and the next sync does the work', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=13s'))
  const before = mx1.begun('sync')
  const process = cli.start(words('mta sync mx1'))
  await until('the sync has begun', 60, () => (mx1.begun('sync') > before ? true : undefined))
  for (const pid of shells()) signal(pid, 'SIGKILL')
  const run = await process.done
  expect([run.exit, mx1.revision()]).toEqual([7, 1])
  const sync = await cli.ok(words('mta sync mx1'))
  expect(sync.stderr).toContain('was killed on the node before its end')
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([2, '13s'])
  expect(readdirSync(mx1.path('akctl/revisions')).filter((name) => name.startsWith('.'))).toEqual([])
})

test('an akctl that is killed while its order is under way leaves the same note for the next command', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=14s'))
  const before = mx1.begun('sync')
  const process = cli.start(words('mta sync mx1'))
  await until('the sync has begun', 60, () => (mx1.begun('sync') > before ? true : undefined))
  process.child.kill('SIGKILL')
  await process.done
  expect(existsSync(pendingFile())).toBe(true)
  await until('the order has ended on the node', 60, () => mx1.revision() === 3 || undefined)
  const next = await until('akctl has found out', 60, async () => {
    const run = await cli.ok(words('mta status mx1'))
    return run.stderr.includes('succeeded') ? run : undefined
  })
  expect(next.stdout.split('\t')[2]).toBe('yes')
  expect(storedNode(cli, 'mx1')?.baseRevision).toBe(3)
})

test('an akctl that is killed in a start, after its sync: the next command knows what the sync has made as its own', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=21s'))
  const before = mx1.begun('start')
  const process = cli.start(words('mta start mx1'))
  await until('the start has begun', 60, () => (mx1.begun('start') > before ? true : undefined))
  process.child.kill('SIGKILL')
  await process.done
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([4, '21s'])
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=22s'))
  const sync = await cli.ok(words('mta sync mx1'))
  expect(sync.stderr).toMatch(/the start of \S+, whose end was not seen, succeeded/)
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([5, '22s'])
  await cli.ok(words('mta stop mx1'))
})

test('Ctrl-C in the middle of an order waits for its end: the outcome is known', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=15s'))
  const before = mx1.begun('sync')
  const process = cli.start(words('mta sync mx1'))
  await until('the sync has begun', 60, () => (mx1.begun('sync') > before ? true : undefined))
  process.child.kill('SIGINT')
  const run = await process.done
  expect(run.stdout.split('\t').slice(0, 2)).toEqual(['mx1', 'changed'])
  expect([existsSync(pendingFile()), mx1.revision(), storedNode(cli, 'mx1')?.baseRevision]).toEqual([false, 6, 6])
})

test('a node that can not be reached is exit 4, and nothing stays noted', async () => {
  await sshd.stop()
  const run = await cli.run(words('mta stop mx1'))
  expect([run.exit, run.stdout.split('\t')[1], existsSync(pendingFile())]).toEqual([4, 'unreachable', false])
})
