import { appendFileSync, chmodSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli, type CliProcess } from '../support/cli.ts'
import { cliNodes, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(120_000)

const cli = testCli()
const makeNode = cliNodes()
const shims = tempDir()
const words = (line: string): string[] => line.split(' ')
const rows = (stdout: string): string[][] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

/** The clock of the machine behind `ahead` is an hour ahead, as far as scripts can see. */
const AHEAD = 3600

let here: CliNode
let ahead: CliNode
let sshd: Sshd
let crooked: Sshd

beforeAll(async () => {
  writeFileSync(join(shims, 'date'), `#!/bin/sh\nexec /bin/date -d "@$(($(/bin/date +%s) + ${AHEAD}))" "$@"\n`)
  chmodSync(join(shims, 'date'), 0o755)
  chmodSync(shims, 0o755)
  sshd = await startSshd()
  crooked = await startSshd({ env: { PATH: `${shims}:/usr/bin:/bin` } })
  await trustSshd(cli, sshd)
  await trustSshd(cli, crooked, 'other')
  here = await makeNode(cli, 'here', { sshd })
  ahead = await makeNode(cli, 'ahead', { sshd: crooked, key: 'other' })
}, 180_000)

afterAll(async () => {
  await sshd.stop()
  await crooked.stop()
})

/** A maillog line written so many seconds ago by the clock of the node. */
function line(node: CliNode, secondsAgo: number, text: string): string {
  const at = new Date(Date.now() + ((node === ahead ? AHEAD : 0) - secondsAgo) * 1000)
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][at.getMonth()] ?? ''
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${month} ${String(at.getDate()).padStart(2)} ${time} vm postfix/smtp[7]: ${text}\n`
}

function write(node: CliNode, ...lines: readonly string[]): void {
  mkdirSync(node.path('log'), { recursive: true })
  appendFileSync(node.path('log/mail.log'), lines.join(''))
}

/** Processes on the node that follow its log: they hold it open, under its own name or (rotated) another. */
function readers(node: CliNode): string[] {
  const log = node.path('log/mail.log')
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && opened(pid).some((file) => file.startsWith(log)))
}

function opened(pid: string): string[] {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'tail') return []
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return [] // it has ended
  }
}

const following: CliProcess[] = []

/** Starts to follow, and waits until every node's feed is at work. */
async function follow(args: string, ...nodes: readonly CliNode[]): Promise<CliProcess> {
  const started = cli.start(words(args))
  following.push(started)
  await until('the feeds are at work', 60, () => nodes.every((node) => readers(node).length > 0) || undefined)
  return started
}

afterEach(() => {
  for (const { child } of following.splice(0)) child.kill('SIGKILL')
})

const texts = (stdout: string): string[] =>
  rows(stdout).map(([node = '', , , text = '']) => `${node} ${text.replace(/^.*\]: /, '')}`)

test('logs of nodes whose clocks differ are merged in true time order, with corrected times', async () => {
  for (const [seconds, node, text] of [
    [300, here, 'one'],
    [240, ahead, 'two'],
    [180, here, 'warning: three'],
    [120, ahead, 'four'],
    [60, here, 'five'],
  ] as const) {
    write(node, line(node, seconds, text))
  }
  const run = await cli.ok(words('node logs here ahead'))
  expect(texts(run.stdout)).toEqual(['here one', 'ahead two', 'here warning: three', 'ahead four', 'here five'])
  const times = rows(run.stdout).map(([, time = '']) => Date.parse(time))
  const now = Date.now()
  times.forEach((time, index) => expect(Math.abs(now - time - (300 - index * 60) * 1000)).toBeLessThan(30_000))
  expect(run.stderr).toMatch(/ahead: its clock is (3599|3600|3601) s ahead; the times shown are corrected/)
})

test('nodes test shows the difference of the clocks', async () => {
  const run = await cli.ok(words('nodes test here ahead'))
  const clock = rows(run.stdout).filter(([, step]) => step === 'clock')
  expect(clock.map(([node, , state]) => [node, state])).toEqual([
    ['here', 'ok'],
    ['ahead', 'ok'],
  ])
  expect(clock[0]?.[3]).toContain('as here')
  expect(clock[1]?.[3]).toMatch(/^(3599|3600)\.\d s ahead of this machine/)
})

test('-n, --since, --level and --grep', async () => {
  expect(texts((await cli.ok(words('node logs here -n 1'))).stdout)).toEqual(['here five'])
  expect(texts((await cli.ok(words('node logs here ahead --since 200s'))).stdout)).toEqual([
    'here warning: three',
    'ahead four',
    'here five',
  ])
  expect(texts((await cli.ok(words('node logs here ahead --level warning'))).stdout)).toEqual(['here warning: three'])
  expect(texts((await cli.ok(words('node logs here ahead -n 1 --grep ^.*(one|two|four)$'))).stdout)).toEqual([
    'here one',
    'ahead four',
  ])
  const agent = await cli.run(words('node logs here --source agent'))
  expect([agent.exit, agent.stdout, agent.stderr]).toEqual([1, '', expect.stringContaining('access is ssh: there is no agent')])
})

test('--json is one document; ndjson a line an object; a person sees names only when there are several', async () => {
  const { json } = await cli.ok(words('node logs here -n 2 --json'))
  expect(json.data).toEqual([
    {
      node: 'here',
      at: expect.stringMatching(/Z$/) as string,
      level: 'warning',
      text: expect.stringContaining('three') as string,
    },
    { node: 'here', at: expect.stringMatching(/Z$/) as string, level: 'info', text: expect.stringContaining('five') as string },
  ])
  expect(json.nodes).toEqual([{ node: 'here', outcome: 'ok' }])
  const ndjson = (await cli.ok(words('node logs here ahead -o ndjson'))).stdout.trim().split('\n')
  expect(ndjson.map((text) => (JSON.parse(text) as { node: string }).node)).toEqual(['here', 'ahead', 'here', 'ahead', 'here'])
  expect((await cli.ok(words('node logs here -n 1 -o table'))).stdout).toMatch(/^2\d{3}-\S+Z info +vm postfix/)
  expect((await cli.ok(words('node logs here ahead -n 1 -o table'))).stdout).toMatch(/^ahead 2\d{3}-\S+Z info /)
})

test('what a node logs can not reach the terminal as commands', async () => {
  write(here, line(here, 1, 'evil \u001b]0;owned\u0007\u001b[2J'))
  for (const format of ['table', 'tsv']) {
    const { stdout } = await cli.ok(words(`node logs here -n 1 -o ${format}`))
    expect([format, stdout.includes('\u001b'), stdout.includes('\u0007'), stdout.includes('evil')]).toEqual([
      format,
      false,
      false,
      true,
    ])
  }
})

test('wrong usage is refused before any node is asked', async () => {
  for (const [line, why] of [
    ['node logs here --grep (', '--grep'],
    ['node logs here --since lately', '--since'],
    ['node logs here --level loud', '--level'],
    ['node logs here -f --json', '-o ndjson'],
    ['node logs here -f -o yaml', '-o ndjson'],
    ['node logs', 'no node selected'],
  ] as const) {
    const run = await cli.run(words(line))
    expect([line, run.exit, run.stderr + run.stdout]).toEqual([line, 2, expect.stringContaining(why)])
  }
})

describe('following', () => {
  test('shows what comes, in time order over nodes and across rotation; Ctrl-C ends it with 130 and leaves no process behind', async () => {
    const live = await follow('node logs here ahead -f -n 0', here, ahead)
    write(here, line(here, 8, 'first'))
    write(ahead, line(ahead, 6, 'second'))
    await live.waitFor('stdout', /second/, 30)
    renameSync(ahead.path('log/mail.log'), ahead.path('log/mail.log.1'))
    write(ahead, line(ahead, 4, 'third'))
    await live.waitFor('stdout', /third/, 30)
    live.child.kill('SIGINT')
    const run = await live.done
    expect([run.exit, run.signal]).toEqual([130, null])
    expect(texts(run.stdout)).toEqual(['here first', 'ahead second', 'ahead third'])
    await until('no reader is left on the nodes', 20, () =>
      readers(here).length + readers(ahead).length === 0 ? true : undefined,
    )
  })

  test('as ndjson, filtered', async () => {
    const live = await follow('node logs here -f -n 0 --level warning -o ndjson', here)
    write(here, line(here, 2, 'fine'), line(here, 1, 'warning: not so fine'))
    await live.waitFor('stdout', /not so fine/, 30)
    live.child.kill('SIGTERM')
    const run = await live.done
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((text) => (JSON.parse(text) as { level: string }).level),
    ).toEqual(['warning'])
    expect(run.exit).toBe(130)
  })

  test('a reader that goes away ends it', async () => {
    const live = await follow('node logs here -f -n 1', here)
    await live.waitFor('stdout', /\n/, 60)
    live.child.stdout.destroy()
    write(here, line(here, 0, 'to nobody'))
    await until('akctl has ended', 30, () => (live.child.exitCode !== null ? true : undefined))
    expect((await live.done).exit).toBe(0)
    await until('no reader is left on the node', 20, () => (readers(here).length === 0 ? true : undefined))
  })

  test('a node whose link is lost is reported at once, the others go on, and the exit code tells', async () => {
    const live = await follow('node logs here ahead -f -n 0', here, ahead)
    for (const pid of crooked.connections()) process.kill(pid, 'SIGKILL')
    await live.waitFor('stderr', /ahead: .*; the others go on/, 30)
    write(here, line(here, 0, 'still there'))
    await live.waitFor('stdout', /still there/, 30)
    for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL')
    const run = await live.done
    expect(run.exit).toBe(4)
  })
})
