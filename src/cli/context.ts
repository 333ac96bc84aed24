import { hostname, userInfo } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { type Runner, ciJobUrl } from '../node/lease.ts'
import { newOrderId } from '../node/order-id.ts'
import type { Connector, Context, KeepingOpener, Prompter, RunProgress, RunSettings } from '../operations/context.ts'
import { ContextSecretAccess } from '../operations/secrets/access.ts'
import type { Profile, ProfileHome } from '../profile/profile.ts'
import { openHome } from '../profile/home.ts'
import { UsageError } from '../outcome/errors.ts'
import type { Format } from './output.ts'
import { printable } from './printable.ts'
import { Progress } from './progress.ts'
import { TerminalPrompter } from './prompter.ts'
import { type Streams, readAll } from './streams.ts'

/** Warnings kept for the JSON document: what runs for weeks must not fill the memory with them. */
const WARNINGS = 1000

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
  /** The asked-for output format; undefined leaves the choice to what stdout is. */
  format: Format | undefined
  private flags: ContextFlags = {}
  private runId: string | undefined
  private readonly abort = new AbortController()
  private openedHome: ProfileHome | undefined
  private openedProfile: Promise<Profile> | undefined
  private who: string | undefined
  private readonly line: Progress
  private readonly onSignal = (): void => this.abort.abort()

  constructor(readonly streams: Process) {
    this.env = streams.env
    this.line = new Progress(streams.stderr, () => Date.now())
    streams.on('SIGINT', this.onSignal)
    streams.on('SIGTERM', this.onSignal)
  }

  /** Makes the parsed flags known. */
  adopt(flags: ContextFlags): void {
    this.flags = flags
  }

  get operator(): string {
    this.who ??= `${this.env['SUDO_USER'] ?? userName()}@${hostname()}`.replaceAll(/[^\w.@-]/g, '_')
    return this.who
  }

  get runner(): Runner {
    const job = ciJobUrl(this.env)
    const { pid } = process
    this.runId ??= newOrderId(this.clock())
    return { id: this.runId, host: hostname(), pid, ...(job === undefined ? {} : { job }) }
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  get run(): RunSettings {
    const number = (name: string, otherwise: number): number => {
      const value = this.flags[name]
      return typeof value === 'number' ? value : otherwise
    }
    const { 'passphrase-file': file, 'secrets-key-file': keyFile } = this.flags
    return {
      connectTimeout: number('connect-timeout', 10),
      authTimeout: number('auth-timeout', 20),
      commandTimeout: number('command-timeout', 30),
      changeTimeout: number('change-timeout', 180),
      keepAlive: number('keep-alive', 10),
      lockWait: number('lock-timeout', 10),
      grace: number('grace', 30),
      plaintext: this.flags['plaintext'] === true,
      keyring: this.flags['keyring'] === true,
      ...(typeof file === 'string' ? { passphraseFile: file } : {}),
      ...(typeof keyFile === 'string' ? { secretsKeyFile: keyFile } : {}),
    }
  }

  get prompter(): Prompter {
    const { stdin, stderr } = this.streams
    const terminal = stdin.isTTY === true && stderr.isTTY === true
    // oclif takes only some spellings of yes for the variable; who sets it at all means it, as with CI.
    const never = this.flags['no-input'] === true || isOn(this.env['AKCTL_NO_INPUT']) || isOn(this.env['CI'])
    return new TerminalPrompter(this.streams, terminal && !never, this.abort.signal, this.line)
  }

  home(): ProfileHome {
    this.openedHome ??= openHome(this.env, new ContextSecretAccess(this))
    return this.openedHome
  }

  profile(): Promise<Profile> {
    const name = this.flags['profile']
    if (name !== undefined && typeof name !== 'string') throw new UsageError('--profile takes a name')
    this.openedProfile ??= this.home().open(name)
    return this.openedProfile
  }

  /** What connects is loaded at the first connection. */
  get connector(): Connector {
    const loaded = once(async () => new (await import('../operations/connector.ts')).ProfileConnector(this))
    return {
      open: async (node, options) => (await loaded()).open(node, options),
      keeping: () => {
        let kept: Promise<KeepingOpener> | undefined
        return {
          open: async (node, options) => (await (kept ??= loaded().then((connector) => connector.keeping()))).open(node, options),
          end: async () => (await kept)?.end(),
        }
      },
    }
  }

  stdin(flag: string, limit = 64 * 1024): Promise<string> {
    const { stdin } = this.streams
    if (stdin.isTTY === true) throw new UsageError(`${flag} reads from stdin, and stdin is a terminal: pipe it in`)
    const wanted = addAbortSignal(this.signal, stdin)
    return readAll(wanted, limit, () => new UsageError(`${flag}: more than ${limit / 1024} KiB came in on stdin`))
  }

  progress(total: number): RunProgress {
    return this.line.of(total)
  }

  note(text: string): void {
    this.line.hide()
    this.streams.stderr.write(`${printable(text)}\n`)
  }

  warn(text: string): void {
    if (this.warnings.length < WARNINGS) this.warnings.push(text)
    this.line.hide()
    this.streams.stderr.write(`warning: ${printable(text)}\n`)
  }

  close(): Promise<void> {
    this.streams.off('SIGINT', this.onSignal)
    this.streams.off('SIGTERM', this.onSignal)
    return Promise.resolve()
  }
}

/** Whether a variable is set to anything but a no. */
function isOn(variable: string | undefined): boolean {
  return !['', '0', 'false', 'no', 'off'].includes((variable ?? '').toLowerCase())
}

/** A container may run under a number that no passwd file knows. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

/** A function whose work is done at the first call only. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= work())
}
