import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import type { Host, HostFeed, RunOptions, RunResult } from '../../src/connection/host.ts'
import { LocalHost } from '../../src/connection/local/local-host.ts'
import { type ShellText, wholeText } from '../../src/script/program.ts'
import { quote } from '../../src/script/quote.ts'

/** This machine seen through another program: `nsenter … `, `ip netns exec NAME`, a shell of another kind. */
export class WrappedHost implements Host {
  readonly label: string
  private readonly local: LocalHost

  /** @param shell the words in front of the program, the shell and its `-c` included */
  constructor(
    name: string,
    private readonly shell: readonly string[],
  ) {
    this.local = new LocalHost(name, false)
    this.label = this.local.label
  }

  run(program: ShellText, options: RunOptions): Promise<RunResult> {
    return this.local.run(this.wrapped(program), options)
  }

  feed(program: ShellText, options: { readonly signal?: AbortSignal }): Promise<HostFeed> {
    return this.local.feed(this.wrapped(program), options)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  private wrapped(program: ShellText): string {
    return `exec ${[...this.shell, wholeText(program)].map((word) => quote(word)).join(' ')}`
  }
}

/** A mount (and, where asked, network) namespace that lives until `end`. */
export class Namespace {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly kinds: readonly string[],
  ) {}

  /**
   * @param setup shell commands that prepare it (bind mounts, addresses)
   * @param network whether it has a network of its own too, with nothing but what `setup` makes
   */
  static async open(setup: string, network = false): Promise<Namespace> {
    const kinds = network ? ['-m', '-n'] : ['-m']
    const holder = spawn('unshare', [...kinds, 'sh', '-ec', `${setup}\necho ready\nexec cat`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('close', () => reject(new Error('the namespace could not be made')))
    })
    return new Namespace(holder, kinds)
  }

  /** Words that run a program in it. */
  get enter(): readonly string[] {
    return ['nsenter', '-t', String(this.holder.pid), ...this.kinds]
  }

  /** Runs a command in it and gives its output. */
  exec(command: string): string {
    return execFileSync('nsenter', [...this.enter.slice(1), 'sh', '-c', command], { encoding: 'utf8' })
  }

  end(): void {
    this.holder.stdin?.end()
  }
}
