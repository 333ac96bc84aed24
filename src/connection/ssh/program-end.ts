import type { ClientChannel } from 'ssh2'
import type { End } from '../host.ts'

/**
 * How a program on a channel ended. Made as soon as the channel is there: the exit status of a short program arrives in
 * the same packet as the word that it was started.
 */
export class ProgramEnd {
  /** The status or the signal, once the server has told it. */
  exit: End | undefined
  /** Fulfilled when the channel is closed and all its output was read. */
  readonly closed: Promise<void>
  private onExit: () => void = () => undefined

  constructor(channel: ClientChannel) {
    channel.on('error', () => undefined) // a program that ends before its payload is read says why itself
    channel.on('exit', (status: number | null, signal?: string) => {
      this.exit = status === null ? { kind: 'signal', signal: signal ?? 'a signal' } : { kind: 'exit', status }
      this.onExit()
    })
    this.closed = new Promise((resolve) => channel.once('close', () => resolve()))
  }

  /** Whom to tell of the exit; called at once when it is known already. */
  whenExited(listener: () => void): void {
    this.onExit = listener
    if (this.exit !== undefined) listener()
  }
}
