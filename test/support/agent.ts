import { spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { newOrderId } from '../../src/node/order-id.ts'
import { makeCertificate } from './certificates.ts'
import type { LocalNode } from './local-node.ts'
import { freePort } from './ports.ts'
import { postfixFolder, postfixNode } from './postfix.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'

/** The built launcher, with agent.cjs beside it. */
export const launcher = resolve(__dirname, '../../dist/agent/node')

export const KEY = 'a-key-of-the-tests-0123456789'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown
}

export interface CallOptions {
  /** Undefined: the right one; null: none. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly localAddress?: string
}

export interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** The facts of one line of the agent's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A real agent in a folder of its own: conf/, run/, log/, as an archive has them. */
export class TestAgent {
  private ca = ''
  /** Of its certificate, as `trust add` takes it. */
  fingerprint = ''

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly spawnOptions: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv },
  ) {}

  /** Writes conf/ with a fresh certificate; nothing is started. */
  static async make(
    fields: Readonly<Record<string, unknown>> = {},
    spawnOptions: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<TestAgent> {
    const folder = mkdtempSync(join(tmpdir(), 'akctl-agent-'))
    const agent = new TestAgent(folder, await freePort(), spawnOptions)
    mkdirSync(agent.conf)
    await agent.newCertificate()
    agent.configure(fields)
    return agent
  }

  get conf(): string {
    return join(this.folder, 'conf')
  }

  /** Writes node.json; a field given as undefined is left out. */
  configure(fields: Readonly<Record<string, unknown>> = {}): void {
    const whole = {
      LISTEN: `127.0.0.1:${this.port}`,
      CERT_PATH: 'server.crt',
      KEYFILE_PATH: 'server.key',
      APIKEY: KEY,
      PID_FILE: '../run/agent.pid',
      LOG_FILE: '../log/agent.log',
      BASEDIR: '.',
      ...fields,
    }
    this.write('node.json', JSON.stringify(whole))
  }

  /** Makes another certificate; the agent has it at its next start or SIGHUP. */
  async newCertificate(): Promise<void> {
    const { cert, key, fingerprint } = await makeCertificate()
    this.ca = cert
    this.fingerprint = fingerprint
    this.write('server.crt', cert)
    this.write('server.key', key)
  }

  /** Writes a file of conf/. */
  write(name: string, text: string): void {
    writeFileSync(join(this.conf, name), text)
    chmodSync(join(this.conf, name), 0o600)
  }

  /** Runs the launcher to its end. */
  run(...words: readonly string[]): Promise<Ended> {
    const child = this.launch('pipe', ...words)
    const [out, err] = [[] as Buffer[], [] as Buffer[]]
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    return new Promise((done) => {
      child.on('close', (status) =>
        done({ status, out: Buffer.concat(out).toString('utf8'), err: Buffer.concat(err).toString('utf8') }),
      )
    })
  }

  /** Starts the launcher and leaves it running. */
  launch(stdio: 'pipe' | 'ignore', ...words: readonly string[]): ChildProcess {
    return spawn(launcher, words, { stdio: ['ignore', stdio, stdio], ...this.spawnOptions })
  }

  /** Starts the daemon, which listens when this returns. @returns its pid */
  async start(): Promise<number> {
    const { status, err } = await this.run('-d', '--https', `--config=${this.conf}`)
    if (status !== 0) throw new Error(`the agent did not start (${status ?? 'killed'}): ${err}`)
    return this.pid()
  }

  /** What PID_FILE says. */
  pid(): number {
    return Number(readFileSync(join(this.folder, 'run/agent.pid'), 'utf8'))
  }

  /** The listener of an agent that was started as root. */
  listenerPid(): number | undefined {
    return childrenOf(this.pid()).find((pid) => commandLine(pid).includes('listener'))
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid(), name)
  }

  /** The log's lines; also of a file it was renamed to. */
  log(name = 'agent.log'): readonly LogLine[] {
    const file = join(this.folder, 'log', name)
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** One call over a connection of its own. */
  call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    return new Promise((done, fail) => {
      const request = httpsRequest(this.requestOptions(method, path, options), (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', fail)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          done({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) })
        })
      })
      request.on('error', fail)
      if (body === undefined) request.end()
      else request.setHeader('content-type', 'application/json').end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  }

  /** For node:https: this agent, its certificate and a key. */
  requestOptions(method: string, path: string, options: CallOptions = {}): RequestOptions {
    const { key = KEY, headers = {}, localAddress } = options
    return {
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      ca: this.ca,
      agent: false,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(localAddress === undefined ? {} : { localAddress }),
    }
  }

  /** A TLS connection on which anything can be said. */
  socket(localAddress?: string): Promise<TLSSocket> {
    return new Promise((done, fail) => {
      const to = { host: '127.0.0.1', port: this.port, ca: this.ca, ...(localAddress === undefined ? {} : { localAddress }) }
      const socket = connect(to, () => done(socket))
      socket.on('error', fail)
    })
  }

  /** Sends bytes as they are. @returns everything that came until the other side closed */
  async raw(bytes: string): Promise<string> {
    const socket = await this.socket()
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(bytes)
    return new Promise((done) =>
      socket.on('error', () => undefined).on('close', () => done(Buffer.concat(chunks).toString('utf8'))),
    )
  }

  /** Ends it as an operator does, and waits until it is gone. */
  async stop(): Promise<void> {
    const pid = this.pid()
    process.kill(pid, 'SIGTERM')
    await until(`agent ${pid} is gone`, 20, () => (existsSync(`/proc/${pid}`) ? undefined : true))
  }

  /** Kills what runs, and removes the folder. */
  remove(): void {
    for (const pid of agentsOf(this.folder)) process.kill(pid, 'SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Makes agents; called at the top of a test file, which leaves nothing of them. */
export function testAgents(): typeof TestAgent.make {
  const agents: TestAgent[] = []
  afterAll(() => agents.forEach((agent) => agent.remove()))
  return async (...options) => {
    const agent = await TestAgent.make(...options)
    agents.push(agent)
    return agent
  }
}

/** Makes a started agent over a Postfix that is installed and not started; called at the top of a test file, as `testAgents`. */
export function postfixAgents(): () => Promise<{ node: LocalNode; agent: TestAgent; keeper: number }> {
  const makeAgent = testAgents()
  const folder = postfixFolder()
  return async () => {
    const { node, listen } = await postfixNode(join(folder, 'mx1'))
    await node.install({ listen, hostname: 'mx.example.com' })
    const agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
    return { node, agent, keeper: await agent.start() }
  }
}

/** The body of a changing call. */
export function orderBody(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { id: newOrderId(new Date()), by: 'test@here', reason: 'a test', at: new Date().toISOString(), lockWait: 30, ...change }
}

/** The body of a sync with these settings. */
export function syncBody(
  settings: Readonly<Record<string, unknown>>,
  change: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return orderBody({ settings, expect: 'any', restart: true, addresses: [], ...change })
}

/** Holds the lock of an installation, as a change that is at work does. */
export async function holdLock(directory: string): Promise<{ free(): void; waitedFor(): Promise<unknown> }> {
  const file = join(directory, 'akctl/lock')
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise<void>((held) => holder.stdout.once('data', () => held()))
  const waits = (name: string): boolean => {
    try {
      return Number(name) !== holder.pid && readlinkSync(`/proc/${name}/fd/9`) === file
    } catch {
      return false
    }
  }
  return {
    free: () => holder.stdin.end(),
    waitedFor: () =>
      until('somebody waits for the lock', 10, () => readdirSync('/proc').find((name) => /^\d+$/.test(name) && waits(name))),
  }
}

/** The kernel's facts of a process (/proc/PID/status), by name. */
export function processFacts(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n')
  return Object.fromEntries(
    lines.map((line) => [
      line.split(':')[0] ?? '',
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .replaceAll('\t', ' '),
    ]),
  )
}

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Agents whose configuration is below this folder, by a look at all of /proc. */
function agentsOf(folder: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => commandLine(pid).some((word) => word.includes(folder)) && commandLine(pid)[1]?.endsWith('agent.cjs') === true,
    )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Processes whose command line names this text, by a look at all of /proc. */
export function processesNaming(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid).some((word) => word.includes(text)))
}

/** The agent answers one who has a key, soon, and is the process it was. */
export async function expectServing(agent: TestAgent, pid: number, localAddress?: string): Promise<void> {
  const began = performance.now()
  const { status } = await agent.call('GET', '/v1/version', undefined, localAddress === undefined ? {} : { localAddress })
  expect({ status, pid: agent.pid() }).toEqual({ status: 200, pid })
  expect(performance.now() - began).toBeLessThan(5000)
}
