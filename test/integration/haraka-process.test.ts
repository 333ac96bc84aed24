import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { FailedError, UnauthorizedError } from '../../src/outcome/errors.ts'
import { type HarakaNode, harakaNodes, harakaPids } from '../support/haraka.ts'
import { LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { sendMail, Sink } from '../support/sink.ts'
import { until } from '../support/until.ts'
import { WrappedHost } from '../support/wrapped-host.ts'

const make = harakaNodes()

let node: HarakaNode
let bystander: ChildProcess

beforeAll(async () => {
  node = await make()
  bystander = spawn('sleep', ['600'], { stdio: 'ignore' })
}, 60_000)
afterAll(() => bystander.kill())

const pidFile = (): string => join(node.directory, 'run/haraka.pid')
const pids = (): readonly number[] => harakaPids(node.directory)

function target(fd: string): string {
  return readlinkSync(`/proc/${pids()[0] ?? 0}/fd/${fd}`)
}

/** A line of what the kernel says of a process. */
function status(pid: number, name: string): string {
  return new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
}

test('it goes on as nobody, who can write to the spool but not to the log', async () => {
  await node.start()
  const [pid = 0] = pids()
  const nobody = statSync(join(node.directory, 'queue')).uid
  expect(nobody).not.toBe(0)
  expect(status(pid, 'Uid')).toBe([nobody, nobody, nobody, nobody].join('\t'))
  expect(status(pid, 'Groups').split(' ')).not.toContain('0')
  expect(statSync(join(node.directory, 'log')).uid).toBe(0)
  expect(statSync(join(node.directory, 'log')).mode & 0o022).toBe(0)
  expect(Number(readFileSync(pidFile(), 'utf8'))).toBe(pid)
})

describe('a user who can not see what root runs here is refused, and told nothing that would be a guess', () => {
  const asNobody = (): Promise<unknown> => {
    const host = new WrappedHost('nobody', ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', 'sh', '-c'])
    return new LocalNode(node.driver, node.installation, host).connection.status().catch((error: unknown) => error)
  }
  const akctl = (): string => join(node.directory, 'akctl')
  const nobody = (): number => Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))

  test('by a directory that is root’s', async () => {
    expect(await asNobody()).toBeInstanceOf(UnauthorizedError)
    chmodSync(node.directory, 0o700)
    expect(await asNobody()).toBeInstanceOf(UnauthorizedError)
    chmodSync(node.directory, 0o755)
  })

  test('by the process itself, where the directory is that user’s', async () => {
    chownSync(akctl(), nobody(), -1)
    expect(await asNobody()).toMatchObject({ message: expect.stringContaining('another user') as string })
    const pid = readFileSync(pidFile(), 'utf8')
    rmSync(pidFile())
    writeFileSync(pidFile(), `${bystander.pid ?? 0}\n`) // root's, too, but no Haraka: a pid file may name anybody
    expect(await asNobody()).toMatchObject({ running: false })
    writeFileSync(pidFile(), pid)
    chownSync(akctl(), 0, -1)
    expect(await node.connection.status()).toMatchObject({ running: true, pid: pids()[0] })
  })
})

test('no descriptor of the script, such as its lock, stays open in the MTA', async () => {
  const { connection } = node
  expect(await connection.sync(newSync({ settings: {}, lockWait: 0 }))).toMatchObject({ running: true })
  expect(readdirSync(`/proc/${pids()[0] ?? 0}/fd`).map(target)).not.toContain(join(node.directory, 'akctl/lock'))
})

test.each([
  ['is gone', () => rmSync(pidFile())],
  ['names another process', () => writeFileSync(pidFile(), `${bystander.pid ?? 0}\n`)],
  ['holds no number', () => writeFileSync(pidFile(), 'x; kill -9 1\n')],
  ['is empty', () => writeFileSync(pidFile(), '')],
])('the running MTA is found when its pid file %s', async (_, spoil) => {
  const [pid] = pids()
  spoil()
  expect(await node.connection.status()).toMatchObject({ running: true, pid, listening: [`127.0.0.1:${node.port}`] })
  expect(await node.connection.start(newOrder())).toMatchObject({ did: false, pid })
  expect(pids()).toEqual([pid])
})

test('and it is the one that is stopped, not another process that the pid file names', async () => {
  writeFileSync(pidFile(), `${bystander.pid ?? 0}\n`)
  await node.connection.stop(newOrder())
  expect(pids()).toEqual([])
  expect(bystander.exitCode).toBeNull()
})

test('a pid file left by a killed MTA stands in nobody’s way', async () => {
  await node.start()
  const [pid = 0] = pids()
  process.kill(pid, 'SIGKILL')
  await until('it is dead', 10, () => pids().length === 0 || undefined)
  expect(existsSync(pidFile())).toBe(true)
  expect(await node.connection.status()).toMatchObject({ running: false, listening: [] })
  expect(await node.connection.stop(newOrder())).toMatchObject({ did: false })
  writeFileSync(pidFile(), `${bystander.pid ?? 0}\n`) // as if the number had been given to another process since
  expect(await node.connection.status()).toMatchObject({ running: false })
  await node.start()
  expect(bystander.exitCode).toBeNull()
  expect(pids()).toHaveLength(1)
  expect(pids()).not.toContain(pid)
})

test('one that somebody else starts, as a unit does, comes up over a dead pid file and is known', async () => {
  await node.connection.stop(newOrder())
  writeFileSync(pidFile(), `${bystander.pid ?? 0}\n`)
  const program = join(node.directory, 'mta/node_modules/Haraka/bin/haraka')
  execFileSync(process.execPath, [program, '-c', join(node.directory, 'akctl/live/conf')], { stdio: 'ignore' })
  const state = await until('it is up', 30, async () => {
    const found = await node.connection.status()
    return found.listening.length > 0 && found.pid === Number(readFileSync(pidFile(), 'utf8')) ? found : undefined
  })
  expect(pids()).toEqual([state.pid])
  expect(state.loaded).toBe(node.currentRevision())
  expect(bystander.exitCode).toBeNull()
}, 60_000)

test('when the base names another user, what Haraka writes to becomes that user’s; a cluster that it names is one process', async () => {
  const games = Number(execFileSync('id', ['-u', 'games'], { encoding: 'utf8' }))
  const smtp = node.read('base/config/smtp.ini')
  node.base('smtp.ini', smtp.replace('user=nobody', 'user=games\nnodes=4').replace('group=nogroup', 'group=games'))
  await node.connection.sync(newSync({ settings: {} }))
  expect(node.read('akctl/live/conf/config/smtp.ini').match(/^nodes=.*$/gm)).toEqual(['nodes=0'])
  expect(pids()).toHaveLength(1)
  expect(status(pids()[0] ?? 0, 'Uid')).toMatch(new RegExp(`^${games}\\b`))
  for (const name of ['queue', 'kept', 'profiles', 'run']) expect(statSync(join(node.directory, name)).uid).toBe(games)
  node.base('smtp.ini', smtp)
  await node.connection.sync(newSync({ settings: {} }))
  expect(statSync(join(node.directory, 'queue')).uid).not.toBe(games)
}, 60_000)

test('a stop lets deliveries that are under way come to their end', async () => {
  const slow = await Sink.listen({ stall: 'data' })
  node.relayTo(slow.port)
  node.addToBase('smtp.ini', 'force_shutdown_timeout=3')
  await node.connection.sync(newSync({ settings: {} }))
  await sendMail({ port: node.port, body: 'under way' })
  await until('the delivery is under way', 20, () => slow.open === 1 || undefined)
  const begun = Date.now()
  await node.connection.stop(newOrder())
  expect(Date.now() - begun).toBeGreaterThan(2_500)
  expect(pids()).toEqual([])
  expect(node.spool()).toHaveLength(1)
  await slow.close()
}, 90_000)

test('what was in the spool is delivered after the next start', async () => {
  const sink = await Sink.listen()
  node.relayTo(sink.port)
  await node.connection.sync(newSync({ settings: {} }))
  await node.start()
  expect((await sink.find('under way')).to).toEqual(['rcpt@example.net'])
  await until('the spool is empty', 30, () => node.spool().length === 0 || undefined)
  await sink.close()
}, 90_000)

test('an MTA that does not answer signals is ended all the same', async () => {
  const [pid = 0] = pids()
  node.addToBase('smtp.ini', 'force_shutdown_timeout=1')
  await node.connection.sync(newSync({ settings: {} }))
  const [running = 0] = pids()
  expect(running).not.toBe(pid)
  process.kill(running, 'SIGSTOP')
  await node.connection.stop(newOrder())
  expect(pids()).toEqual([])
  expect(existsSync(pidFile())).toBe(false)
}, 90_000)

describe('what would not come up', () => {
  const refused = async (): Promise<FailedError> =>
    (await node.connection.sync(newSync({ settings: { 'spool-channel-size': 3 } })).then(
      () => undefined,
      (error: unknown) => error,
    )) as FailedError
  let smtp = ''
  let plugins = ''
  beforeAll(async () => {
    smtp = node.read('base/config/smtp.ini')
    plugins = node.read('base/config/plugins')
    await node.connection.sync(newSync({ settings: {} }))
  }, 60_000)
  afterEach(() => {
    node.base('smtp.ini', smtp)
    node.base('plugins', plugins)
    rmSync(join(node.directory, 'base/plugins/broken.js'), { force: true })
  })

  test('so is what listens and dies of a plugin after that: the old one is back', async () => {
    await node.start()
    const at = node.currentRevision()
    const late = 'setTimeout(() => next(DENY, "the plugin has no server"), 1500)'
    writeFileSync(join(node.directory, 'base/plugins/broken.js'), `exports.hook_init_master = (next) => ${late}\n`)
    node.base('plugins', 'relay\nbroken\n')
    const error = await refused()
    expect(error.detail.join('\n')).toContain('the plugin has no server')
    expect(node.currentRevision()).toBe(at)
    expect(await node.connection.status()).toMatchObject({ running: true, pid: pids()[0], listening: [`127.0.0.1:${node.port}`] })
    expect(existsSync(join(node.directory, 'run/haraka.starting'))).toBe(false)
  }, 60_000)

  test('an address that this machine lacks is refused before anything is touched', async () => {
    const at = node.currentRevision()
    node.addToBase('smtp.ini', 'listen=192.0.2.77:25')
    expect(String(await refused())).toContain('192.0.2.77 (port 25) is no address of this machine')
    expect(node.currentRevision()).toBe(at)
  })

  test('so are a plugin that is not there and one that does not compile', async () => {
    const at = node.currentRevision()
    node.base('plugins', 'relay\nnonesuch\n')
    expect(String(await refused())).toContain('nonesuch')
    writeFileSync(join(node.directory, 'base/plugins/broken.js'), 'exports.hook_rcpt = (\n')
    node.base('plugins', 'relay\nbroken\n')
    expect(String(await refused())).toContain('Unexpected end of input')
    expect(node.currentRevision()).toBe(at)
  })

  test('and a user that is not there, or has no way to the directory', async () => {
    node.addToBase('smtp.ini', 'user=no-such-user')
    expect(String(await refused())).toContain('no-such-user')
    node.base('smtp.ini', smtp)
    chmodSync(node.directory, 0o700)
    const error = await refused()
    chmodSync(node.directory, 0o755)
    expect(String(error)).toMatch(/nobody, whom Haraka becomes.*has no way to/)
  })

  test('a start that fails shows the last lines of the log, which say why', async () => {
    await node.connection.stop(newOrder())
    const other = await Sink.listen({ port: node.port })
    const error = (await node.connection.start(newOrder()).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as FailedError
    expect(error).toBeInstanceOf(FailedError)
    expect(error.message).toContain('did not start')
    expect(error.detail.join('\n')).toContain('EADDRINUSE')
    expect(pids()).toEqual([])
    await other.close()
  }, 60_000)
})
