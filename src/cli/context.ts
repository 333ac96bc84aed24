import { hostname, userInfo } from 'node:os'
import type { Connector, Context, Prompter, RunSettings } from '../operations/context.ts'
import type { Profile, ProfileHome } from '../profile/profile.ts'
import { openHome } from '../profile/home.ts'
import { ProfileConnector } from '../operations/connector.ts'
import { UsageError } from '../outcome/errors.ts'
import { FORMATS, type Format } from './output.ts'
import { TerminalPrompter } from './prompter.ts'
import type { Streams } from './streams.ts'

/** The flags a context is built from; all optional, as not every command has them all. */
export type ContextFlags = Readonly<Record<string, unknown>>

/** What a context takes from the process. */
export interface Process extends Streams {
  readonly env: Readonly<Record<string, string | undefined>>
  on(signal: 'SIGINT' | 'SIGTERM', handler: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', handler: () => void): unknown
}

/** The one place where everything an operation may reach is put together, lazily. */
export class CliContext implements Context {
  readonly warnings: string[] = []
  readonly env: Context['env']
  readonly clock = (): Date => new Date()
  private flags: ContextFlags = {}
  private readonly abort = new AbortController()
  private openedHome: ProfileHome | undefined
  private openedProfile: Promise<Profile> | undefined
  private readonly onSignal = (): void => this.abort.abort()

  constructor(readonly streams: Process) {
    this.env = streams.env
    streams.on('SIGINT', this.onSignal)
    streams.on('SIGTERM', this.onSignal)
  }

  /** Makes the parsed flags known. */
  adopt(flags: ContextFlags): void {
    this.flags = flags
  }

  /** The asked-for output format, from the flags or (before they are parsed) the environment. */
  get format(): Format | undefined {
    const { json, output } = this.flags
    if (json === true) return 'json'
    const wish = output ?? this.env['AKCTL_OUTPUT']
    return FORMATS.find((format) => format === wish)
  }

  get operator(): string {
    return `${this.env['SUDO_USER'] ?? userInfo().username}@${hostname()}`
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  get run(): RunSettings {
    const number = (name: string, otherwise: number): number => {
      const value = this.flags[name]
      return typeof value === 'number' ? value : otherwise
    }
    const file = this.flags['passphrase-file']
    return {
      connectTimeout: number('connect-timeout', 10),
      authTimeout: number('auth-timeout', 20),
      commandTimeout: number('command-timeout', 30),
      changeTimeout: number('change-timeout', 180),
      keepAlive: number('keep-alive', 10),
      lockWait: number('lock-wait', 10),
      ...(typeof file === 'string' ? { passphraseFile: file } : {}),
    }
  }

  get prompter(): Prompter {
    const { stdin, stderr } = this.streams
    const terminal = stdin.isTTY === true && stderr.isTTY === true
    const allowed = this.flags['no-input'] !== true && (this.env['CI'] ?? '') === ''
    return new TerminalPrompter(this.streams, terminal && allowed)
  }

  home(): ProfileHome {
    this.openedHome ??= openHome(this.env)
    return this.openedHome
  }

  profile(): Promise<Profile> {
    const name = this.flags['profile']
    if (name !== undefined && typeof name !== 'string') throw new UsageError('--profile takes a name')
    this.openedProfile ??= this.home().open(name)
    return this.openedProfile
  }

  get connector(): Connector {
    return new ProfileConnector(this)
  }

  note(text: string): void {
    this.streams.stderr.write(`${text}\n`)
  }

  warn(text: string): void {
    this.warnings.push(text)
    this.streams.stderr.write(`warning: ${text}\n`)
  }

  close(): Promise<void> {
    this.streams.off('SIGINT', this.onSignal)
    this.streams.off('SIGTERM', this.onSignal)
    return Promise.resolve()
  }
}
