import type { ClientChannel } from 'ssh2'
import { ANSWER_LIMIT } from '../../script/script.ts'
import { CappedOutput } from '../capped-output.ts'
import type { End, RunOptions, RunResult } from '../host.ts'
import type { Link } from './link.ts'
import type { ProgramEnd } from './program-end.ts'
import { startProgram } from './start-program.ts'
import { whenAborted } from '../when-aborted.ts'

/** What is kept of a program's stderr, in bytes: enough for the last words of a failure. */
export const STDERR_LIMIT = 64 * 1024

/**
 * How long output may still come after a program has ended, in ms. A daemon that it left behind holds the channel
 * open for ever; the program's own output is in the pipe by then.
 */
const AFTERMATH = 2000

/**
 * Runs one program on a link: payload in, capped output out, and how it ended.
 * @throws as `startProgram`
 */
export async function runProgram(label: string, link: Link, command: string, options: RunOptions): Promise<RunResult> {
  const until = Date.now() + options.timeout * 1000
  const started = await startProgram(label, link, command, options)
  if (started.kind === 'lost') return { end: started.end, stdout: '', stderr: '', overflow: false }
  return new Promise((resolve) => new Run(link, started.channel, started.end, options, until, resolve).start())
}

class Run {
  private readonly stdout = new CappedOutput(ANSWER_LIMIT)
  private readonly stderr = new CappedOutput(STDERR_LIMIT)
  private aftermath: NodeJS.Timeout | undefined
  private timer: NodeJS.Timeout | undefined
  private settled = false

  constructor(
    private readonly link: Link,
    private readonly channel: ClientChannel,
    private readonly end: ProgramEnd,
    private readonly options: RunOptions,
    private readonly until: number,
    private readonly resolve: (result: RunResult) => void,
  ) {}

  start(): void {
    const { channel, options, stderr, stdout } = this
    this.timer = setTimeout(this.onTimeout, Math.max(0, this.until - Date.now()))
    whenAborted(options.signal, this.onAbort)
    if (this.settled) return
    channel.on('data', (chunk: Buffer) => this.take(stdout, chunk))
    channel.stderr.on('data', (chunk: Buffer) => this.take(stderr, chunk))
    this.end.whenExited(() => this.awaitAftermath())
    const lost = (): End => ({ kind: 'cut', why: this.link.alive ? 'the server gave no exit status' : this.link.why })
    void this.end.closed.then(() => this.settle(this.end.exit ?? lost()))
    channel.end(options.payload === undefined ? undefined : Buffer.from(options.payload))
  }

  private take(output: CappedOutput, chunk: Buffer): void {
    output.add(chunk)
    if (this.end.exit !== undefined) this.awaitAftermath()
  }

  private awaitAftermath(): void {
    clearTimeout(this.aftermath)
    this.aftermath = setTimeout(() => {
      if (this.end.exit !== undefined) this.settle(this.end.exit)
      this.leave()
    }, AFTERMATH)
  }

  /** A link that gave no answer is not used again: the next run would wait in vain, too. */
  private readonly onTimeout = (): void => {
    this.settle(this.end.exit ?? { kind: 'timeout', seconds: this.options.timeout })
    this.link.destroy('no answer in time')
  }

  private readonly onAbort = (): void => {
    this.settle({ kind: 'cut', why: 'cancelled' })
    this.leave()
  }

  private leave(): void {
    if (this.link.alive) this.channel.close()
  }

  private settle(end: End): void {
    if (this.settled) return
    this.settled = true
    clearTimeout(this.timer)
    clearTimeout(this.aftermath)
    this.options.signal?.removeEventListener('abort', this.onAbort)
    const { stderr, stdout } = this
    this.resolve({ end, stdout: stdout.text(), stderr: stderr.text(), overflow: stdout.overflow })
  }
}
