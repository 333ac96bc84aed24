import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { processesOf } from '../../tools/leftovers.mjs'
import { freePort } from './ports.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'

export type KeyType = 'ed25519' | 'ecdsa' | 'rsa'

export interface SshdOptions {
  /** The host keys it has, freshly made; ed25519 alone when not given. */
  readonly hostKeys?: readonly KeyType[]
  /** A free one when not given. */
  readonly port?: number
  /** More lines of sshd_config; they win over the ones below. */
  readonly config?: readonly string[]
  /** The session's environment over HOME (an empty folder) and PATH (without sbin). */
  readonly env?: Readonly<Record<string, string>>
  /** More public lines that may log in, beside `key`. */
  readonly authorized?: readonly string[]
}

/** A key pair in files, as ssh-keygen makes it. */
export interface KeyPair {
  readonly file: string
  readonly bytes: Buffer
  readonly publicLine: string
  /** `SHA256:…` */
  readonly fingerprint: string
}

/** A real sshd of its own on 127.0.0.1. Nothing of it is left after `stop` but what its sessions started; `end` ends that, too. */
export interface Sshd {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `127.0.0.1:port` */
  readonly endpoint: string
  /** Whom `key` logs in: the user who runs the tests (any user when that is root). */
  readonly user: string
  readonly key: KeyPair
  readonly directory: string
  /** The sessions' HOME. */
  readonly home: string
  readonly pid: number
  hostKey(type?: KeyType): KeyPair
  /** Its log at LogLevel DEBUG. */
  log(): string
  /** The log's lines that show an authentication attempt, once every connection has ended. */
  authAttempts(): Promise<readonly string[]>
  /** Processes of open connections. */
  connections(): readonly number[]
  /** Waits until no connection is open. */
  idle(): Promise<void>
  stop(): Promise<void>
  /** Stops it and ends its sessions' programs, also those that outlived their connection: a server ends none that is silent. */
  end(): Promise<void>
}

/** Makes a key pair; `ed25519` without a passphrase when nothing is said. */
export function makeKey(file: string, options: { readonly type?: KeyType; readonly passphrase?: string } = {}): KeyPair {
  const { type = 'ed25519', passphrase = '' } = options
  const bits = type === 'rsa' ? ['-b', '2048'] : []
  const rounds = passphrase === '' ? [] : ['-a', '1'] // each costs 20 ms to open
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, ...rounds, '-N', passphrase, '-C', `test ${type}`, '-f', file])
  const publicLine = readFileSync(`${file}.pub`, 'utf8').trim()
  const fingerprint = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? ''
  return { file, bytes: readFileSync(file), publicLine, fingerprint }
}

/** Starts a private sshd and waits until it listens. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = mkdtempSync(join(tmpdir(), 'akctl-sshd-'))
  chmodSync(directory, 0o755) // another user's login reads authorized_keys as that user
  const home = join(directory, 'home')
  mkdirSync(home)
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const key = makeKey(join(directory, 'client'))
  const types = options.hostKeys ?? ['ed25519']
  const hostKeys = new Map(types.map((type) => [type, makeKey(join(directory, `host_${type}`), { type })]))
  const port = options.port ?? (await freePort())
  writeFileSync(join(directory, 'authorized_keys'), [key.publicLine, ...(options.authorized ?? []), ''].join('\n'), {
    mode: 0o644,
  })
  const env = { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', ...options.env }
  const hostKeyFiles = [...hostKeys.values()].map(({ file }) => file)
  writeFileSync(join(directory, 'sshd_config'), configOf({ directory, port, env, hostKeyFiles, lines: options.config ?? [] }))
  const log = join(directory, 'log')
  try {
    const child = await launch(directory, log, port)
    return new RunningSshd(directory, home, port, key, hostKeys, child, log)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

interface Facts {
  readonly directory: string
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  readonly hostKeyFiles: readonly string[]
  readonly lines: readonly string[]
}

function configOf({ directory, port, env, hostKeyFiles, lines }: Facts): string {
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return [
    ...lines,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeyFiles.map((file) => `HostKey ${file}`),
    `PidFile ${directory}/pid`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    `SetEnv ${pairs.join(' ')}`,
    'LogLevel DEBUG',
    'UsePAM no',
    'StrictModes no',
    'UseDNS no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'MaxStartups 200:30:300',
    '',
  ].join('\n')
}

/** `-r`: no re-exec for each connection, which saves 20 ms of CPU. `-E`, not `-e`: that writes into the sessions' stderr. */
async function launch(directory: string, log: string, port: number): Promise<ChildProcess> {
  const child = spawn('/usr/sbin/sshd', ['-D', '-E', log, '-r', '-f', join(directory, 'sshd_config')], { stdio: 'ignore' })
  const text = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  const listens = `Server listening on 127.0.0.1 port ${port}.`
  const over = (): boolean => child.exitCode !== null || child.signalCode !== null
  await until('sshd listens', 10, () => text().includes(listens) || over() || undefined)
  if (over()) throw new Error(`sshd ended:\n${text()}`)
  return child
}

class RunningSshd implements Sshd {
  readonly host = '127.0.0.1'
  readonly endpoint: string
  readonly user = userInfo().username
  readonly pid: number

  constructor(
    readonly directory: string,
    readonly home: string,
    readonly port: number,
    readonly key: KeyPair,
    private readonly hostKeys: ReadonlyMap<KeyType, KeyPair>,
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    this.endpoint = `127.0.0.1:${port}`
    this.pid = child.pid ?? 0
  }

  hostKey(type: KeyType = 'ed25519'): KeyPair {
    const key = this.hostKeys.get(type)
    if (key === undefined) throw new Error(`this sshd has no ${type} host key`)
    return key
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  async authAttempts(): Promise<readonly string[]> {
    await this.idle()
    return this.log()
      .split('\n')
      .filter((line) => line.includes('userauth-request for user'))
  }

  connections(): readonly number[] {
    return childrenOf(this.pid)
  }

  async idle(): Promise<void> {
    const open = (): string => this.connections().map(describe).join('; ')
    await until('every connection of sshd has ended', 10, () => {
      if (this.connections().length > 0) throw new Error(`open: ${open()}\n${this.log().slice(-1500)}`)
      return true
    })
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve))
    const open = this.connections()
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGCONT')
      this.child.kill('SIGTERM')
      await gone
    }
    for (const pid of open) killTree(pid)
    rmSync(this.directory, { recursive: true, force: true })
  }

  async end(): Promise<void> {
    await this.stop()
    for (const { pid } of processesOf(this.home)) killTree(pid)
  }
}

/** A process and what is below it, for messages. */
function describe(pid: number): string {
  try {
    const [command, state] = [
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
      readFileSync(`/proc/${pid}/stat`, 'utf8'),
    ]
    return `${pid} ${command} (${state.split(') ')[1]?.[0] ?? '?'}) [${childrenOf(pid).map(describe).join(', ')}]`
  } catch {
    return `${pid} is gone`
  }
}

/** Kills a process and all below it. */
export function killTree(pid: number): void {
  const below = childrenOf(pid)
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
  below.forEach(killTree)
}
