import type { ClientChannel } from 'ssh2'
import { type NodeError, UnreachableError } from '../../outcome/errors.ts'
import { CappedOutput } from '../capped-output.ts'
import type { HostFeed } from '../host.ts'
import { linesOf, linesThen } from '../lines.ts'
import { refusalOf } from '../refusal.ts'
import { ChunkQueue } from '../chunk-queue.ts'
import type { Link } from './link.ts'
import type { ProgramEnd } from './program-end.ts'
import { STDERR_LIMIT } from './run-program.ts'
import { startProgram } from './start-program.ts'
import { whenAborted } from '../when-aborted.ts'

/** How long a program may take to end once its stdin has, in ms, before its channel is closed under it. */
const LAST_WORDS = 3000

/** How long the server may then take to confirm that; sshd does so only when the program has ended. */
const FAREWELL = 500

/**
 * Starts a program and reads its stdout by lines. The lines end with an error when the connection is lost, or when the
 * program never began: a log that breaks off must not look like a log that is over.
 * @param timeout seconds for the start
 * @throws as `startProgram`
 */
export async function feedProgram(
  label: string,
  link: Link,
  command: string,
  options: { readonly timeout: number; readonly signal?: AbortSignal },
): Promise<HostFeed> {
  const started = await startProgram(label, link, command, options)
  if (started.kind === 'lost') throw new UnreachableError(`${label}: the connection was lost before the program began`)
  return new ProgramFeed(label, link, started.channel, started.end, options.signal)
}

class ProgramFeed implements HostFeed {
  readonly lines: AsyncIterable<string>
  private readonly stderr = new CappedOutput(STDERR_LIMIT)
  private readonly queue: ChunkQueue
  private giveUp: NodeJS.Timeout | undefined
  private printed = false
  private closing = false

  constructor(
    private readonly label: string,
    private readonly link: Link,
    private readonly channel: ClientChannel,
    private readonly end: ProgramEnd,
    private readonly signal: AbortSignal | undefined,
  ) {
    channel.once('data', () => (this.printed = true))
    this.queue = new ChunkQueue(channel)
    channel.stderr.on('data', (chunk: Buffer) => this.stderr.add(chunk))
    this.lines = linesThen(linesOf(this.queue.chunks()), () => this.failure())
    whenAborted(signal, this.onAbort)
  }

  async close(): Promise<void> {
    this.onAbort()
    this.signal?.removeEventListener('abort', this.onAbort)
    const closing = setTimeout(() => this.link.alive && this.channel.close(), LAST_WORDS)
    const givingUp = new Promise<void>((resolve) => (this.giveUp = setTimeout(resolve, LAST_WORDS + FAREWELL)))
    await Promise.race([this.end.closed, givingUp])
    clearTimeout(closing)
    clearTimeout(this.giveUp)
  }

  private readonly onAbort = (): void => {
    this.closing = true
    this.queue.drop() // a program that waits for room to print would never see the end of its input
    if (this.link.alive) this.channel.end()
  }

  private async failure(): Promise<NodeError | undefined> {
    if (this.closing) return undefined
    await this.end.closed
    const { exit } = this.end
    if (exit === undefined) return new UnreachableError(`${this.label}: the connection was lost (${this.link.why})`)
    if (this.printed || (exit.kind === 'exit' && exit.status === 0)) return undefined
    return refusalOf(this.label, 'program', exit, this.stderr.text())
  }
}
