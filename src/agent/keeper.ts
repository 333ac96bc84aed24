import { prepareUnpacked } from '../connection/local/first-start.ts'
import { LocalHost } from '../connection/local/local-host.ts'
import { driverOf } from '../mta/drivers.ts'
import { AgentLog } from './agent-log.ts'
import { type AgentConfig, checkConfig } from './config.ts'
import { StartError, wordsOf } from './exits.ts'
import { type Credentials, Front } from './front.ts'
import { PidFile, runningAgent } from './pid-file.ts'
import { ScriptedWork } from './scripted-work.ts'
import { SplitFront } from './split-front.ts'
import { isRoot } from './users.ts'
import { agentRelease } from './version.ts'

/** What the keeper is started with. */
export interface KeeperOptions {
  /** Takes every line of the log as well. */
  readonly also?: (line: string) => void
  /** Called once it listens, with what is to be said to whoever started it. */
  readonly ready: (warnings: readonly string[]) => void
}

/** Seconds that calls at work get after SIGTERM. */
const DRAIN = 200
/** Seconds that the preparation of an unpacked node may take. */
const PREPARE = 120

/** Both kinds of front: in this process, or in one that has given its rights away. */
interface AnyFront {
  renew(credentials: Credentials): void
  drain(): Promise<void>
}

/**
 * The agent itself, until a signal ends it: it keeps the pid file, the log and the rights, and does the work.
 * @throws StartError when it can't start
 */
export async function keep(config: AgentConfig, warnings: readonly string[], options: KeeperOptions): Promise<void> {
  const other = runningAgent(config.pidFile)
  if (other !== undefined) throw new StartError(`an agent is running already: pid ${other} (${config.pidFile})`)
  const log = new AgentLog(config.logFile, options.also)
  attempt('LOG_FILE can not be opened', () => log.open())
  const keeper = new Keeper(config, log)
  const endings = signals(log, keeper)
  for (const warning of warnings) log.note({ level: 'warning', event: 'config', text: warning })
  const pidFile = new PidFile(config.pidFile)
  try {
    const unprepared = await keeper.prepare()
    await keeper.open()
    attempt('PID_FILE can not be written', () => pidFile.write())
    log.note({ level: 'notice', event: 'start', pid: process.pid, agent: agentRelease(), ...config.listen, split: isRoot() })
    options.ready(unprepared)
    const signal = await endings.ended
    log.note({ level: 'notice', event: 'end', signal })
    const whole = await within(DRAIN, keeper.drain())
    log.note(
      whole
        ? { level: 'notice', event: 'ended' }
        : { level: 'error', event: 'ended', why: `calls or connections were still open after ${DRAIN} s` },
    )
  } catch (error) {
    log.note({ level: 'fatal', event: 'start', why: wordsOf(error) })
    throw error
  } finally {
    pidFile.remove()
    endings.forget()
  }
}

function attempt(what: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new StartError(`${what}: ${wordsOf(error)}`)
  }
}

/** False when the time was over first. */
async function within(seconds: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), seconds * 1000)))
  const whole = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return whole
}

function signals(log: AgentLog, keeper: Keeper): { readonly ended: Promise<string>; readonly forget: () => void } {
  const bug = (error: unknown): void =>
    log.note({ level: 'error', event: 'bug', why: wordsOf(error), where: error instanceof Error ? error.stack : undefined })
  const hangUp = (): void => keeper.reload()
  process.on('uncaughtException', bug).on('unhandledRejection', bug).on('SIGHUP', hangUp)
  const enders = ['SIGTERM', 'SIGINT'] as const
  const ended = new Promise<string>((resolve) => enders.forEach((name) => process.on(name, resolve)))
  return { ended, forget: () => process.off('uncaughtException', bug).off('unhandledRejection', bug).off('SIGHUP', hangUp) }
}

/** What changes at SIGHUP, and what serves. */
class Keeper {
  private readonly work: ScriptedWork
  private front: AnyFront | undefined

  constructor(
    private config: AgentConfig,
    private readonly log: AgentLog,
  ) {
    this.work = new ScriptedWork(() => this.config, log)
  }

  /**
   * Prepares a node that was just unpacked. A failure does not keep the agent from serving: it is what tells of it.
   * @returns what to say of a failure
   */
  async prepare(): Promise<readonly string[]> {
    const { folder, mta, directory, service } = this.config
    const installation = { directory, addresses: [], ...(service === undefined ? {} : { service }) }
    const host = new LocalHost('the node', false, 'the node')
    try {
      const result = await prepareUnpacked(folder, host, { driver: driverOf(mta), installation }, { timeout: PREPARE })
      if (result !== undefined) this.log.note({ level: 'info', event: 'prepare', text: 'the installation directory is prepared' })
      return []
    } catch (error) {
      this.log.note({ level: 'error', event: 'prepare', why: wordsOf(error) })
      return [`the installation directory is not prepared: ${wordsOf(error)}`]
    }
  }

  /** @throws StartError when the address can't be listened on */
  async open(): Promise<void> {
    const { listen, user } = this.config
    const { note } = this.log
    try {
      this.front = isRoot()
        ? await SplitFront.open({ listen, user, work: this.work, note }, this.config)
        : await Front.open(listen, this.config, this.work, note)
    } catch (error) {
      if (error instanceof StartError) throw error
      throw new StartError(`can not listen on ${listen.host} port ${listen.port}: ${listenWords(error)}`)
    }
  }

  /** Opens the log again, and reads node.json again; one that is not in order changes nothing. */
  reload(): void {
    const { note } = this.log
    try {
      this.log.open()
    } catch (error) {
      note({ level: 'error', event: 'reload', why: `LOG_FILE: ${wordsOf(error)}` })
    }
    const { config, problems, warnings } = checkConfig(this.config.folder)
    for (const text of warnings) note({ level: 'warning', event: 'config', text })
    if (config === undefined) {
      for (const text of problems) note({ level: 'error', event: 'config', text })
      note({ level: 'error', event: 'reload', why: 'node.json is not in order; the agent goes on as before' })
      return
    }
    for (const field of staying(this.config, config)) {
      note({ level: 'warning', event: 'config', text: `${field} has changed: restart the agent for it` })
    }
    const { listen, user, pidFile, logFile } = this.config
    this.config = { ...config, listen, user, pidFile, logFile }
    this.front?.renew(this.config)
    note({ level: 'notice', event: 'reload' })
  }

  async drain(): Promise<void> {
    await this.front?.drain()
    await this.work.settled()
  }
}

/** The fields that a running agent can't take in. */
function staying(old: AgentConfig, fresh: AgentConfig): readonly string[] {
  const pairs: readonly (readonly [string, string, string])[] = [
    ['LISTEN', JSON.stringify(old.listen), JSON.stringify(fresh.listen)],
    ['USER', old.user.name, fresh.user.name],
    ['PID_FILE', old.pidFile, fresh.pidFile],
    ['LOG_FILE', old.logFile, fresh.logFile],
  ]
  return pairs.filter(([, before, after]) => before !== after).map(([field]) => field)
}

function listenWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the port is in use by another program'
  if (code === 'EACCES') return 'the port needs root'
  if (code === 'EADDRNOTAVAIL') return 'the address is not one of this machine'
  return wordsOf(error)
}
