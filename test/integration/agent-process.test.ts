// The agent as a process: its start and end, pid file, log, signals, and the split of root's rights. What is true is
// looked up in /proc and in files.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { KEY, type TestAgent, holdLock, launcher, processFacts, syncBody, testAgents } from '../support/agent.ts'
import { postfixFolder, postfixNode } from '../support/postfix.ts'
import { tempDir } from '../support/temp.ts'
import { childrenOf } from '../support/processes.ts'
import { until } from '../support/until.ts'

const makeAgent = testAgents()
const folder = postfixFolder()

const events = (agent: TestAgent, name?: string): unknown[] => agent.log(name).map((line) => line['event'])
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`)
const gone = (pid: number): Promise<true> => until(`process ${pid} is gone`, 20, () => (alive(pid) ? undefined : true))
const version = async (agent: TestAgent, key = KEY): Promise<number> =>
  (await agent.call('GET', '/v1/version', undefined, { key })).status

describe('start', () => {
  it('-d returns when it listens, prints the pid that PID_FILE has, and leaves a session of its own', async () => {
    const agent = await makeAgent()
    const { status, out, err } = await agent.run('-d', '--https', '--config', agent.conf)
    expect({ status, err }).toEqual({ status: 0, err: expect.stringMatching(/^(warning: APIKEY.*\n)?$/) as unknown })
    const pid = agent.pid()
    expect(out).toBe(`the agent runs: pid ${pid}, listens on 127.0.0.1 port ${agent.port}\n`)
    expect(await version(agent)).toBe(200)
    expect(processFacts(pid)['NSsid']).toBe(String(pid))
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[6]).toBe('0') // no terminal
    await until('the call is in the log', 5, () => (events(agent).includes('call') ? true : undefined))
    expect(events(agent)).toEqual(['listener', 'start', 'call'])
    await agent.stop()
    expect(existsSync(join(agent.folder, 'run/agent.pid'))).toBe(false)
    expect(events(agent).slice(-2)).toEqual(['end', 'ended'])
  })

  it('in the foreground it writes its log to stderr too, and ends with 0 at SIGTERM', async () => {
    const agent = await makeAgent()
    const child = agent.launch('pipe', '--https', `--config=${agent.conf}`)
    let text = ''
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
    const ended = new Promise<number | null>((done) => child.on('close', done))
    await until('it has started', 10, () => (text.includes('"event":"start"') ? true : undefined))
    expect(agent.pid()).toBe(child.pid)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(agent.log())
  })

  it('a second start names the pid of the first, and harms it not', async () => {
    const agent = await makeAgent()
    const pid = await agent.start()
    const { status, err } = await agent.run('-d', '--https', `--config=${agent.conf}`)
    expect({ status, err }).toEqual({
      status: 1,
      err: expect.stringContaining(`an agent is running already: pid ${pid}`) as unknown,
    })
    expect(agent.pid()).toBe(pid)
    expect(await version(agent)).toBe(200)
    await agent.stop()
  })

  it('a pid file of a killed agent, or with the pid of another process, is replaced', async () => {
    const agent = await makeAgent()
    const first = await agent.start()
    process.kill(first, 'SIGKILL')
    await gone(first)
    expect(agent.pid()).toBe(first)
    writeFileSync(join(agent.folder, 'run/agent.pid'), `${process.pid}\n`) // alive, and no agent
    const second = await agent.start()
    expect(agent.pid()).toBe(second)
    await agent.stop()
  })

  it('a port in use is a failure with its reason, status 1, and no pid file', async () => {
    const agent = await makeAgent()
    const server = createServer()
    await new Promise<void>((done) => server.listen(agent.port, '127.0.0.1', done))
    const { status, err } = await agent.run('-d', '--https', `--config=${agent.conf}`)
    server.close()
    expect(status).toBe(1)
    expect(err).toContain(`can not listen on 127.0.0.1 port ${agent.port}: the port is in use by another program`)
    expect(existsSync(join(agent.folder, 'run/agent.pid'))).toBe(false)
  })

  it('a broken certificate is found by --check and by a start alike: status 78', async () => {
    const agent = await makeAgent({ MTA: 'x' })
    agent.write('server.crt', 'broken')
    const [checked, started] = [
      await agent.run('--check', `--config=${agent.conf}`),
      await agent.run('-d', '--https', `--config=${agent.conf}`),
    ]
    expect([checked.status, started.status]).toEqual([78, 78])
    for (const { err } of [checked, started]) expect(err).toMatch(/CERT_PATH: .*\n.*MTA: /)
    agent.configure()
    await agent.newCertificate()
    expect(await agent.run('--check', `--config=${agent.conf}`)).toMatchObject({
      status: 0,
      out: expect.stringContaining('in order') as unknown,
    })
  })

  it('wrong words are 64; --version and --help need nothing', async () => {
    const agent = await makeAgent()
    expect(await agent.run('--wrong')).toMatchObject({ status: 64, err: expect.stringContaining('--wrong') as unknown })
    expect(await agent.run('--version')).toMatchObject({ status: 0, out: expect.stringMatching(/^akctl-agent\/\d/) as unknown })
    expect(await agent.run('--help')).toMatchObject({ status: 0, out: expect.stringContaining('--config=DIR') as unknown })
  })
})

describe('the launcher', () => {
  const temp = tempDir()
  const install = (name: string): string => {
    const root = join(temp, name)
    mkdirSync(join(root, 'bin'), { recursive: true })
    mkdirSync(join(root, 'lib'))
    copyFileSync(launcher, join(root, 'bin/node'))
    copyFileSync(resolve(launcher, '../agent.cjs'), join(root, 'lib/agent.cjs'))
    return root
  }
  const run = (file: string, env: NodeJS.ProcessEnv, cwd = '/'): string => {
    try {
      return execFileSync(file, ['--version'], { env, cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      const { status, stderr } = error as { readonly status: number; readonly stderr: string }
      return `${status}: ${stderr}`
    }
  }

  it('takes the Node.js beside it, without any PATH', () => {
    const root = install('own')
    symlinkSync(process.execPath, join(root, 'lib/node'))
    expect(run(join(root, 'bin/node'), {})).toMatch(/^akctl-agent\//)
    expect(run('./node', {}, join(root, 'bin'))).toMatch(/^akctl-agent\//)
  })

  it('takes one in PATH that is not itself, by whichever name it was called', () => {
    const root = install('path')
    symlinkSync(join(root, 'bin/node'), join(root, 'bin/agent-link'))
    const PATH = [join(root, 'bin'), resolve(process.execPath, '..')].join(':')
    expect(run(join(root, 'bin/node'), { PATH })).toMatch(/^akctl-agent\//)
    expect(run(join(root, 'bin/agent-link'), { PATH })).toMatch(/^akctl-agent\//)
  })

  it('says what is missing', () => {
    const root = install('bare')
    expect(run(join(root, 'bin/node'), { PATH: join(root, 'bin') })).toMatch(/^69: .*no Node\.js/)
    expect(run(join(root, 'bin/node'), { PATH: '' })).toMatch(/^69: .*no Node\.js/)
  })
})

describe('signals', () => {
  it('SIGHUP opens a renamed log again, and loses no line', async () => {
    const agent = await makeAgent()
    await agent.start()
    renameSync(join(agent.folder, 'log/agent.log'), join(agent.folder, 'log/agent.log.1'))
    await version(agent)
    agent.signal('SIGHUP')
    await until('a new log', 10, () => (events(agent).includes('reload') ? true : undefined))
    await version(agent)
    const both = (): unknown[] => [...events(agent, 'agent.log.1'), ...events(agent)].filter((event) => event === 'call')
    await until('both calls are in the two files', 5, () => (both().length === 2 ? true : undefined))
    expect(events(agent, 'agent.log.1')).toEqual(expect.arrayContaining(['start']))
    expect(events(agent)).not.toContain('start')
    await agent.stop()
  })

  it('SIGHUP takes another key and another certificate in: first both keys, then the new one alone', async () => {
    const agent = await makeAgent()
    await agent.start()
    const other = 'another-key-of-the-tests'
    const reload = async (count: number): Promise<void> => {
      agent.signal('SIGHUP')
      await until('the reload', 10, () =>
        events(agent).filter((event) => event === 'reload').length === count ? true : undefined,
      )
    }
    agent.configure({ APIKEY: `${KEY},${other}` })
    await agent.newCertificate()
    await reload(1)
    await until('the new certificate', 5, async () => ((await version(agent)) === 200 ? true : undefined))
    expect(await version(agent, other)).toBe(200)
    agent.configure({ APIKEY: other })
    await reload(2)
    await until('the old key is refused', 5, async () => ((await version(agent)) === 401 ? true : undefined))
    expect(await version(agent, other)).toBe(200)
    await agent.stop()
  })

  it('a broken node.json at SIGHUP keeps everything as it was, and is told in the log', async () => {
    const agent = await makeAgent()
    await agent.start()
    agent.configure({ APIKEY: 'short', MTA: 'x' })
    agent.signal('SIGHUP')
    await until('the log tells', 10, () =>
      agent.log().some((line) => String(line['why']).includes('goes on as before')) ? true : undefined,
    )
    const texts = agent.log().map((line) => String(line['text']))
    expect(texts).toEqual(expect.arrayContaining([expect.stringMatching(/^APIKEY: /), expect.stringMatching(/^MTA: /)]))
    expect(await version(agent)).toBe(200)
    await agent.stop()
  })

  it('SIGTERM lets a sync at work end, ends followed logs, and takes no new connection', async () => {
    const { node, listen } = await postfixNode(join(folder, 'drain'))
    await node.install({ listen, hostname: 'mx.example.com' })
    const agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
    const pid = await agent.start()
    const followed = agent.call('POST', '/v1/logs', { source: 'agent', lines: 0, follow: true })
    const late = await agent.socket()
    const answer = once(late, 'data') as Promise<[Buffer]>
    const body = JSON.stringify({ source: 'agent', lines: 0, follow: true })
    const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n`
    late.write(`${head}Content-Length: ${body.length}\r\n\r\n`)
    const lock = await holdLock(node.directory)
    const sync = agent.call('POST', '/v1/sync', syncBody({ 'smtp-admin-email': 'drain@example.com' }))
    await lock.waitedFor()
    agent.signal('SIGTERM')
    expect((await followed).status).toBe(200)
    await until('no new connections', 10, () =>
      agent.call('GET', '/v1/version').then(
        () => undefined,
        () => true as const,
      ),
    )
    expect(alive(pid)).toBe(true)
    late.write(body) // of logs that were asked for before
    expect((await answer)[0].toString('utf8')).toMatch(/^HTTP\/1\.1 503 [\s\S]*it is ending/)
    late.destroy()
    lock.free()
    expect(await sync).toMatchObject({ status: 200, json: { wrote: true } })
    await gone(pid)
    expect(node.currentRevision()).toBe(1)
    expect(events(agent).at(-1)).toBe('ended')
  })
})

describe('as root', () => {
  let agent: TestAgent
  beforeAll(async () => {
    agent = await makeAgent()
    await agent.start()
  })

  it('the keeper stays root; the listener is whom no account is, without groups and capabilities, and has the port', () => {
    const listener = processFacts(agent.listenerPid() ?? 0)
    expect(listener).toMatchObject({
      Uid: '65520 65520 65520 65520',
      Gid: '65520 65520 65520 65520',
      Groups: '',
      CapInh: '0000000000000000',
      CapPrm: '0000000000000000',
      CapEff: '0000000000000000',
      CapAmb: '0000000000000000',
    })
    expect(processFacts(agent.pid())['Uid']).toBe('0 0 0 0')
    expect(listening(agent.listenerPid() ?? 0)).toEqual([agent.port])
    expect(listening(agent.pid())).toEqual([])
    expect(readFileSync(`/proc/${agent.listenerPid() ?? 0}/environ`, 'utf8')).toBe('')
  })

  it('a listener that was killed comes back, with a pid of its own', async () => {
    const [keeper, killed] = [agent.pid(), agent.listenerPid() ?? 0]
    process.kill(killed, 'SIGKILL')
    await until('it answers again', 20, async () => ((await version(agent)) === 200 ? true : undefined))
    expect(agent.pid()).toBe(keeper)
    expect(agent.listenerPid()).not.toBe(killed)
    expect(alive(killed)).toBe(false)
  })

  it('signals of a terminal or a service manager to the listener do not end it', async () => {
    const listener = agent.listenerPid() ?? 0
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(listener, name)
    expect(await version(agent)).toBe(200)
    expect(agent.listenerPid()).toBe(listener)
  })

  it('SIGUSR1 opens no debugger, neither in the listener nor in the keeper', async () => {
    for (const pid of [agent.listenerPid() ?? 0, agent.pid()]) process.kill(pid, 'SIGUSR1')
    for (let call = 0; call < 5; call += 1) expect(await version(agent)).toBe(200)
    expect(listening(agent.listenerPid() ?? 0)).toEqual([agent.port])
    expect(listening(agent.pid())).toEqual([])
  })

  it('a listener ends with a keeper that was killed', async () => {
    const [keeper, listener] = [agent.pid(), agent.listenerPid() ?? 0]
    process.kill(keeper, 'SIGKILL')
    await gone(keeper)
    expect(await gone(listener)).toBe(true)
  })
})

describe('a node that was just unpacked', () => {
  it('is prepared before the agent listens, as install.json says; again at every start, with nothing to do', async () => {
    const { node, listen } = await postfixNode(join(folder, 'unpacked'))
    mkdirSync(node.directory)
    const agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
    agent.write('install.json', JSON.stringify({ SMTP_LISTEN: listen, HOSTNAME: 'mx.example.com', BY: 'test@here' }))
    await agent.start()
    expect(node.read('base/main.cf')).toContain('myhostname = mx.example.com')
    await agent.stop()
    await agent.start()
    expect((await agent.call('GET', '/v1/status')).json).toMatchObject({ installed: true, edited: [] })
    await agent.stop()
  })

  it('that can not be prepared is served all the same, and the start says why', async () => {
    const agent = await makeAgent({ MTA: 'postfix' })
    agent.write('install.json', 'broken')
    const { status, err } = await agent.run('-d', '--https', `--config=${agent.conf}`)
    expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('is not prepared: ') as unknown })
    expect(await version(agent)).toBe(200)
    await agent.stop()
  })
})

it('as another user it is one process, with the same answers', async () => {
  const agent = await makeAgent({}, { uid: 65_534, gid: 65_534 })
  for (const path of [
    agent.folder,
    agent.conf,
    ...['node.json', 'server.crt', 'server.key'].map((name) => join(agent.conf, name)),
  ]) {
    chownSync(path, 65_534, 65_534)
  }
  chmodSync(agent.folder, 0o755)
  const pid = await agent.start()
  expect(processFacts(pid)['Uid']).toBe('65534 65534 65534 65534')
  expect(childrenOf(pid)).toEqual([])
  expect(await version(agent)).toBe(200)
  expect((await agent.call('GET', '/v1/status')).status).toBe(200)
  await agent.stop()
})

/** The ports (IPv4) on which a process listens, by its descriptors. */
function listening(pid: number): readonly number[] {
  const open = execFileSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' })
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === '0A' && open.includes(`socket:[${inode}]`))
    .map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16))
}
