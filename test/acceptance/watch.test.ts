// The watch as a process, over real MTAs: what is true is in the nodes' files and processes.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type CliProcess, testCli } from '../support/cli.ts'
import { type CliNode, cliNodes, journalOf, trustSshd } from '../support/cli-nodes.ts'
import { type HarakaNode, harakaNodes, harakaPids } from '../support/haraka.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { haltWaiting } from '../support/processes.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(240_000)

const cli = testCli()
/** An operator at another desk. */
const elsewhere = testCli()
const makeNode = cliNodes()
const makeHaraka = harakaNodes()
const folder = tempDir()
const words = (line: string): string[] => line.split(' ')
const QUICK = words('--interval 1s --steady 1s -o ndjson')

let mx1: CliNode
let mx2: CliNode
let hk: HarakaNode
let sshd: Sshd
const watches: CliProcess[] = []

beforeAll(async () => {
  sshd = await startSshd()
  await trustSshd(cli, sshd)
  mx1 = await makeNode(cli, 'mx1')
  mx2 = await makeNode(cli, 'mx2', { sshd })
  hk = await makeHaraka()
  await cli.ok(['nodes', 'create', 'hk', '--access', 'local', '--mta', 'haraka', '--dir', hk.directory])
  await cli.ok(words('settings set --defaults mta-observer=on'))
  await cli.ok(words('mta start --all --no-sync'))
  await elsewhere.ok(['nodes', 'create', 'mx1', '--access', 'local', '--dir', mx1.directory])
}, 240_000)

afterAll(async () => {
  for (const { child } of watches) child.kill('SIGKILL')
  await sshd.stop()
})

interface Event {
  readonly event: string
  readonly node?: string
  readonly message: string
  readonly pid?: number
}

function watch(...args: readonly string[]): CliProcess {
  const started = cli.start(['mta', 'watch', ...args], { timeout: 200 })
  watches.push(started)
  return started
}

function events(process: CliProcess): readonly Event[] {
  return process
    .stdout()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Event)
}

const named = (all: readonly Event[]): readonly string[] => all.map(({ node = '-', event }) => `${node} ${event}`)
const heard = (process: CliProcess, event: string, times = 1): Promise<true> =>
  until(`${event} is said`, 60, () => named(events(process)).filter((each) => each === event).length >= times || undefined)

async function kill(pids: () => readonly number[]): Promise<number> {
  const [pid] = pids()
  if (pid === undefined) throw new Error('nothing runs that could be killed') // and 0 would be this process and its group
  process.kill(pid, 'SIGKILL')
  await until('it is dead', 20, () => !pids().includes(pid) || undefined)
  return pid
}

/** Holds the lock of a node, as a change at work does. */
async function holdLock(node: CliNode): Promise<() => Promise<void>> {
  const holder = spawn('flock', [node.path('akctl/lock'), 'sh', '-c', 'echo held; exec cat'], { stdio: 'pipe' })
  await once(holder.stdout, 'data')
  return async () => {
    holder.stdin.end()
    await once(holder, 'close')
  }
}

/** The script of an order that waits for the lock. */
function waiting(node: CliNode): Promise<number> {
  return until('an order waits', 60, () => {
    const [name] = readdirSync(node.path('akctl/waiting'))
    const pid = name === undefined ? 0 : Number(readFileSync(node.path(`akctl/waiting/${name}`), 'utf8').split(' ')[0])
    return pid > 0 ? pid : undefined // a file that is there and not yet written is empty
  })
}

test('killed MTAs are restarted, by every access and of every kind, and each is said, noted and journalled', async () => {
  const notes = join(folder, 'notes')
  const process1 = watch('--all', ...QUICK, '--notify', `echo "$AKCTL_NODE $AKCTL_EVENT" >>${notes}`)
  await heard(process1, '- watching')
  const killed = await Promise.all([kill(() => mx1.masters()), kill(() => mx2.masters()), kill(() => harakaPids(hk.directory))])
  for (const name of ['mx1', 'mx2', 'hk']) await heard(process1, `${name} well`)
  const now = [mx1.masters(), mx2.masters(), harakaPids(hk.directory)]
  expect(now.map((pids) => pids.length)).toEqual([1, 1, 1])
  for (const [index, [pid]] of now.entries()) expect(pid).not.toBe(killed[index])
  const restarted = events(process1).filter(({ event }) => event === 'restarted')
  expect(restarted.map(({ node, pid }) => [node, pid]).sort()).toEqual([
    ['hk', now[2]?.[0]],
    ['mx1', now[0]?.[0]],
    ['mx2', now[1]?.[0]],
  ])
  expect(readFileSync(notes, 'utf8').trim().split('\n')).toEqual(
    expect.arrayContaining(['mx1 down', 'mx1 restarted', 'mx1 well']),
  )
  const acts = journalOf(cli).filter(({ verb }) => verb === 'mta watch')
  expect(acts.map(({ node, outcome }) => `${node ?? ''} ${outcome}`).sort()).toEqual(['hk changed', 'mx1 changed', 'mx2 changed'])
  process1.child.kill('SIGTERM')
  expect(await process1.done).toMatchObject({ exit: 0, stderr: '' })
  expect(named(events(process1)).at(-1)).toBe('- ended')
})

describe('one watch goes through this, in this order', () => {
  let first: CliProcess

  beforeAll(async () => {
    first = watch('mx1', 'mx2', ...QUICK)
    await heard(first, '- watching')
  })

  test("an operator's stop stays a stop; his start is watched again", async () => {
    await cli.ok(words('mta stop mx1'))
    await heard(first, 'mx1 stopped')
    expect((await cli.ok(words('mta status mx1 --json'))).json.nodes?.[0]?.result).toMatchObject({
      running: false,
      wanted: 'stopped',
    })
    await cli.ok(words('mta start mx1'))
    await kill(() => mx1.masters())
    await heard(first, 'mx1 restarted')
    expect(mx1.masters()).toHaveLength(1)
  })

  test("an operator's stop between the look and the start wins", async () => {
    await heard(first, 'mx1 well')
    const release = await holdLock(mx1)
    await kill(() => mx1.masters())
    const script = await waiting(mx1)
    try {
      await haltWaiting(script) // the start of the watch is on the node, and goes no further
      await release()
      await elsewhere.ok(words('mta stop mx1'))
    } finally {
      process.kill(script, 'SIGCONT')
    }
    await heard(first, 'mx1 stopped', 2)
    expect([mx1.masters(), readFileSync(mx1.path('akctl/wanted'), 'utf8')]).toEqual([[], 'stopped\n'])
    expect(named(events(first)).filter((event) => event === 'mx1 restarted')).toHaveLength(1)
    const [last] = readFileSync(mx1.path('akctl/orders'), 'utf8').trim().split('\n').slice(-1)
    expect(last).toMatch(/ start done ok /)
    await cli.ok(words('mta start mx1'))
  })

  test('a node whose sshd is gone is reported once and left alone, though its MTA dies meanwhile; back, it is restarted', async () => {
    const starts = mx2.begun('start')
    process.kill(sshd.pid, 'SIGSTOP') // takes no connection any more, and answers none
    await heard(first, 'mx2 unreachable')
    await kill(() => mx2.masters())
    expect(mx2.begun('start')).toBe(starts)
    process.kill(sshd.pid, 'SIGCONT')
    await heard(first, 'mx2 restarted')
    expect(mx2.masters()).toHaveLength(1)
    expect(named(events(first)).filter((event) => event === 'mx2 unreachable')).toHaveLength(1)
  })

  test('a second one stands by and does not act; --once says who watches; killed, the first is followed by the second', async () => {
    const second = watch('mx1', ...QUICK)
    await heard(second, '- standby')
    expect(events(second)[0]?.message).toContain(`pid ${first.child.pid ?? 0} watches`)
    const run = await cli.run(words('mta watch mx1 --once'))
    expect([run.exit, run.stdout]).toEqual([0, ''])
    expect(run.stderr).toContain(`pid ${first.child.pid ?? 0} watches this profile already`)
    first.child.kill('SIGKILL')
    await heard(second, '- watching')
    await kill(() => mx1.masters())
    await heard(second, 'mx1 restarted')
    expect(mx1.masters()).toHaveLength(1)

    // A restart under way is finished first.
    await heard(second, 'mx1 well')
    const release = await holdLock(mx1)
    await kill(() => mx1.masters())
    await waiting(mx1)
    second.child.kill('SIGTERM')
    await release()
    expect((await second.done).exit).toBe(0)
    expect(named(events(second)).slice(-2)).toEqual(['mx1 restarted', '- ended'])
    expect(mx1.masters()).toHaveLength(1)
  })
})

test('--once: repaired is 0, unreachable 4, given up 1, only watched 10', async () => {
  for (const line of ['mta stop mx1', 'mta watch mx1 --once', 'mta start mx1']) await cli.ok(words(line)) // earlier tries are forgotten
  await kill(() => mx1.masters())
  const once = (line: string) => cli.run(words(`mta watch ${line} --once --interval 1s --max-tries 1`))
  const repaired = await once('mx1 --json')
  expect([repaired.exit, repaired.json]).toMatchObject([
    0,
    {
      schema: 'mta.watch/1',
      data: { events: [{ event: 'down' }, { event: 'restarted', pid: mx1.masters()[0] }] },
      nodes: [{ node: 'mx1', outcome: 'changed', result: { condition: 'well', observed: true, restarted: true, tries: 1 } }],
    },
  ])
  process.kill(sshd.pid, 'SIGSTOP')
  const lost = await once('mx2 --connect-timeout 1')
  process.kill(sshd.pid, 'SIGCONT')
  expect([lost.exit, lost.stdout]).toEqual([4, expect.stringMatching(/^mx2\t(unreachable|timeout)\tunreachable\t/)])
  const [host = '', port = ''] = mx1.listen.split(':')
  await cli.ok(words('mta stop mx1'))
  await cli.ok(words('mta start mx1'))
  await cli.ok(words('mta watch mx1 --once'))
  await kill(() => mx1.masters())
  const other = createServer()
  await until('the port is free', 20, async () => {
    other.listen(Number(port), host)
    return (await Promise.race([once_(other, 'listening'), once_(other, 'error')])) === 'listening' ? true : undefined
  })
  try {
    const given = await once('mx1')
    expect([given.exit, given.stderr]).toEqual([1, expect.stringMatching(/warning: mx1: gave up after 1 tries/)])
    expect((await once('mx1')).exit).toBe(1)
  } finally {
    other.close()
  }
  expect(mx1.begun('start')).toBeGreaterThan(0)
  await cli.ok(words('settings set mx1 mta-observer=off'))
  const watched = await once('mx1')
  expect([watched.exit, mx1.masters()]).toEqual([10, []])
  await cli.ok(words('mta start mx1'))
})

const once_ = (server: ReturnType<typeof createServer>, event: string): Promise<string> =>
  new Promise((resolve) => server.once(event, () => resolve(event)))

describe('what is printed for others to start', () => {
  const odd = join(folder, `100% "odd" $HOME 'dir'`)

  test('a unit that systemd accepts, whatever is in its words', async () => {
    const run = await cli.ok(['mta', 'watch', '--all', '--print-unit', '--notify', `logger "$AKCTL_NODE" '50%' \\ done`], {
      env: { AKCTL_CONNECT_TIMEOUT: '3', AKCTL_PASSPHRASE: 'hush' },
    })
    expect(run.stdout).toMatch(/^ExecStart=\S*node \S+\/bin\/run\.js mta watch --profile default --all --notify "logger/m)
    expect(run.stdout).toContain('Environment=AKCTL_CONNECT_TIMEOUT=3')
    expect(run.stdout).not.toContain('hush')
    const unit = join(folder, 'akctl-watch.service')
    writeFileSync(unit, run.stdout)
    const verify = execFileSync('sh', ['-c', 'systemd-analyze verify "$1" 2>&1 || echo "exit $?"', 'sh', unit], {
      encoding: 'utf8',
    })
    expect(verify.split('\n').filter((line) => line.includes('akctl-watch') || line.startsWith('exit'))).toEqual([])
  })

  test('a crontab line that does its round when cron runs it', async () => {
    execFileSync('mkdir', ['-p', odd])
    const marker = join(folder, 'marker')
    const args = ['mta', 'watch', 'mx2', '--print-cron', '--interval', '5m', '--notify', `echo "100% $AKCTL_NODE" >'${marker}'`]
    const { stdout } = await cli.ok(args, { cwd: odd })
    const [, schedule, command = ''] = /^(\S+ \S+ \S+ \S+ \S+) (.*)\n$/.exec(stdout) ?? []
    expect(schedule).toBe('*/5 * * * *')
    expect(command.replaceAll('\\%', '')).not.toContain('%') // a bare one would be a line break to cron
    await kill(() => mx2.masters())
    const before = mx2.begun('start')
    execFileSync('env', ['-i', 'PATH=/usr/bin:/bin', `HOME=${folder}`, 'sh', '-c', command.replaceAll('\\%', '%')])
    expect([mx2.masters().length, mx2.begun('start')]).toEqual([1, before + 1])
    expect(readFileSync(marker, 'utf8')).toBe('100% mx2\n')
  })
})

test('wrong usage is found before anything is watched', async () => {
  for (const [line, exit] of [
    ['mta watch', 2],
    ['mta watch mx1 --json', 2],
    ['mta watch mx1 --interval 0', 2],
    ['mta watch mx1 --interval soon', 2],
    ['mta watch mx1 --max-tries 0', 2],
    ['mta watch mx1 --print-unit --print-cron', 2],
    ['mta watch mx9', 9],
    ['mta watch mx9 --print-cron', 9],
  ] as const) {
    expect([line, (await cli.run(words(line))).exit]).toEqual([line, exit])
  }
})
