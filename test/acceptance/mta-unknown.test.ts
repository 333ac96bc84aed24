import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli, type CliProcess } from '../support/cli.ts'
import { cliNodes, journalOf, storedNode, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { Gate } from '../support/gate.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const cli = testCli()
const gate = new Gate()
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')

let sshd: Sshd
let mx1: CliNode

beforeAll(async () => {
  sshd = await startSshd({ env: { PATH: `${gate.folder}:/usr/local/bin:/usr/bin:/bin` } })
  await trustSshd(cli, sshd)
  mx1 = await makeNode(cli, 'mx1', { sshd })
}, 120_000)

afterAll(() => sshd.stop())

/** Whether an order of the node is noted as under way. */
function isNoted(): boolean {
  const file = join(cli.home, 'profiles/default/orders/notes.ndjson')
  return existsSync(file) && readFileSync(file, 'utf8').includes(`"node":${storedNode(cli, 'mx1')?.id},`)
}

/** Starts a changing command, whose order is held on the node once it has begun. */
async function startHeld(verb: string, args: readonly string[]): Promise<CliProcess> {
  const held = gate.close(mx1, verb)
  const process = cli.start(args)
  await held()
  return process
}

test('a link cut in the middle of a sync is exit 7, and the order stays noted', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=12s'))
  const sync = await startHeld('sync', words('mta sync mx1'))
  try {
    for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL')
    const run = await sync.done
    expect(run.exit).toBe(7)
    expect(run.stdout.split('\t').slice(0, 2)).toEqual(['mx1', 'unknown'])
    expect(run.stderr).toContain('its end was not seen')
    expect(isNoted()).toBe(true)
    expect(storedNode(cli, 'mx1')?.baseRevision).toBeUndefined()
    expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'mta sync', outcome: 'unknown', orderId: expect.any(String) as string })

    const change = await cli.run(words('mta stop mx1 --lock-timeout 1'))
    expect([change.exit, change.stderr]).toEqual([8, expect.stringContaining('still at work')])
    const look = await cli.ok(words('mta status mx1'))
    expect(look.stderr).toContain('still at work')
    expect(isNoted()).toBe(true)
  } finally {
    gate.open()
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
  expect([isNoted(), storedNode(cli, 'mx1')?.baseRevision, mx1.parameter('smtp_connect_timeout')]).toEqual([false, 1, '12s'])
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
  const syncing = await startHeld('sync', words('mta sync mx1'))
  gate.kill()
  const run = await syncing.done
  expect([run.exit, mx1.revision()]).toEqual([7, 1])
  const sync = await cli.ok(words('mta sync mx1'))
  expect(sync.stderr).toContain('was killed on the node before its end')
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([2, '13s'])
  expect(readdirSync(mx1.path('akctl/revisions')).filter((name) => name.startsWith('.'))).toEqual([])
})

test('an akctl that is killed while its order is under way leaves the same note for the next command', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=14s'))
  const syncing = await startHeld('sync', words('mta sync mx1'))
  syncing.child.kill('SIGKILL')
  await syncing.done
  gate.open()
  expect(isNoted()).toBe(true)
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
  const starting = await startHeld('start', words('mta start mx1'))
  starting.child.kill('SIGKILL')
  await starting.done
  gate.open()
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([4, '21s'])
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=22s'))
  const sync = await cli.ok(words('mta sync mx1'))
  expect(sync.stderr).toMatch(/the start of \S+, whose end was not seen, succeeded/)
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([5, '22s'])
  await cli.ok(words('mta stop mx1'))
})

test('Ctrl-C in the middle of an order waits for its end: the outcome is known', async () => {
  await cli.ok(words('settings set mx1 esmtp-connection-timeout=15s'))
  const syncing = await startHeld('sync', words('mta sync mx1'))
  syncing.child.kill('SIGINT')
  await syncing.waitFor('stderr', /interrupted/i)
  gate.open()
  const run = await syncing.done
  expect(run.stdout.split('\t').slice(0, 2)).toEqual(['mx1', 'changed'])
  expect([isNoted(), mx1.revision(), storedNode(cli, 'mx1')?.baseRevision]).toEqual([false, 6, 6])
})

test('a node that can not be reached is exit 4, and nothing stays noted', async () => {
  await sshd.stop()
  const run = await cli.run(words('mta stop mx1'))
  expect([run.exit, run.stdout.split('\t')[1], isNoted()]).toEqual([4, 'unreachable', false])
})
