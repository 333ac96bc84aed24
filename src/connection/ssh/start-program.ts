import type { ClientChannel, ExecOptions } from 'ssh2'
import { CancelledError, type NodeError, TimeoutError, UnauthorizedError, UnreachableError } from '../../outcome/errors.ts'
import type { End } from '../host.ts'
import type { Link } from './link.ts'
import { ProgramEnd } from './program-end.ts'
import { whenAborted } from '../when-aborted.ts'

/** A program that was started; or an order that may have left, and of whose program nothing will be seen. */
export type Started =
  | { readonly kind: 'running'; readonly channel: ClientChannel; readonly end: ProgramEnd }
  | { readonly kind: 'lost'; readonly end: End }

/** Limits of a start. `timeout` in seconds. */
interface Limits {
  readonly timeout: number
  readonly signal?: AbortSignal
}

/**
 * Starts a program on a link. Rejects only when the program was certainly not started.
 * @throws UnreachableError, TimeoutError, UnauthorizedError (the server starts no programs), CancelledError
 */
export function startProgram(label: string, link: Link, command: string, limits: Limits): Promise<Started> {
  return new Promise((resolve, reject) => new Start(label, link, limits, resolve, reject).start(command))
}

class Start {
  private sent = false
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly label: string,
    private readonly link: Link,
    private readonly limits: Limits,
    private readonly resolve: (started: Started) => void,
    private readonly reject: (error: NodeError) => void,
  ) {}

  start(command: string): void {
    const { link, limits } = this
    if (limits.signal?.aborted === true) {
      this.reject(this.cancelled())
      return
    }
    if (!link.alive) {
      this.onLost()
      return
    }
    this.timer = setTimeout(this.onTimeout, limits.timeout * 1000)
    whenAborted(limits.signal, this.onAbort)
    const onSend = (): void => void (this.sent = true)
    try {
      link.client.exec(command, sentinel(onSend), (error, channel) => this.onAnswer(error, channel))
    } catch {
      this.onLost() // ssh2 knew that the socket is gone before we were told
    }
  }

  private onAnswer(error: Error | undefined, channel: ClientChannel): void {
    if (error === undefined) {
      this.tidy()
      this.resolve({ kind: 'running', channel, end: new ProgramEnd(channel) })
    } else if (this.link.alive) {
      this.tidy()
      this.reject(refused(this.label, error)) // the server itself has said no
    } else this.onLost()
  }

  private onLost(): void {
    const { why } = this.link
    this.finish(new UnreachableError(`${this.label}: the connection was lost (${why})`), { kind: 'cut', why })
  }

  private readonly onAbort = (): void => this.abandon(this.cancelled(), { kind: 'cut', why: 'cancelled' })

  private readonly onTimeout = (): void => {
    const seconds = this.limits.timeout
    this.abandon(new TimeoutError(`${this.label} did not open a session within ${seconds} s`), { kind: 'timeout', seconds })
  }

  /** The link goes, too: else the order would still leave when the server answers at last. */
  private abandon(error: NodeError, end: End): void {
    this.finish(error, end)
    this.link.destroy(error.message)
  }

  private finish(error: NodeError, end: End): void {
    this.tidy()
    if (this.sent) this.resolve({ kind: 'lost', end })
    else this.reject(error)
  }

  private tidy(): void {
    clearTimeout(this.timer)
    this.limits.signal?.removeEventListener('abort', this.onAbort)
  }

  private cancelled(): CancelledError {
    return new CancelledError(`${this.label}: cancelled before the program was started`)
  }
}

/** ssh2 looks at `env` when the channel is open, just before it sends the command: until then, nothing has left. */
function sentinel(onSend: () => void): ExecOptions {
  return {
    get env() {
      onSend()
      return {}
    },
  }
}

function refused(label: string, error: Error): UnauthorizedError {
  return new UnauthorizedError(
    `${label}: the login succeeded, but the server starts no program: ${error.message.slice(0, 200)}`,
    {
      hints: ["look for MaxSessions, ForceCommand and restrictions of the key (authorized_keys) in the server's sshd_config"],
      cause: error,
    },
  )
}
