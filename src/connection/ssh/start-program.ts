import type { ClientChannel, ExecOptions } from 'ssh2'
import { CancelledError, type NodeError, TimeoutError, UnauthorizedError, UnreachableError } from '../../outcome/errors.ts'
import type { End } from '../host.ts'
import type { Link } from './link.ts'

/** A program that was started; or an order that may have left, and of whose program nothing will be seen. */
export type Started = { readonly kind: 'running'; readonly channel: ClientChannel } | { readonly kind: 'lost'; readonly end: End }

/**
 * Starts a program on a link. Rejects only when the program was certainly not started.
 * @throws UnreachableError, TimeoutError, UnauthorizedError (the server starts no programs), CancelledError
 */
export function startProgram(
  label: string,
  link: Link,
  command: string,
  limits: { readonly timeout: number; readonly signal?: AbortSignal },
): Promise<Started> {
  const { signal, timeout } = limits
  const cancelled = new CancelledError(`${label}: cancelled before the program was started`)
  if (signal?.aborted === true) return Promise.reject(cancelled)
  return new Promise((resolve, reject) => {
    let sent = false
    const finish = (error: NodeError, end: End): void => {
      tidy()
      if (sent) resolve({ kind: 'lost', end })
      else reject(error)
    }
    /** The link goes, too: else the order would still leave when the server answers at last. */
    const abandon = (error: NodeError, end: End): void => {
      finish(error, end)
      link.destroy(error.message)
    }
    const onAbort = (): void => abandon(cancelled, { kind: 'cut', why: 'cancelled' })
    const onTimeout = (): void => {
      abandon(new TimeoutError(`${label} did not open a session within ${timeout} s`), { kind: 'timeout', seconds: timeout })
    }
    const onLost = (): void => {
      finish(new UnreachableError(`${label}: the connection was lost (${link.why})`), { kind: 'cut', why: link.why })
    }
    const timer = setTimeout(onTimeout, timeout * 1000)
    const tidy = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    if (!link.alive) return onLost()
    const onAnswer = (error: Error | undefined, channel: ClientChannel): void => {
      if (error !== undefined && !link.alive) return onLost()
      tidy()
      if (error === undefined) resolve({ kind: 'running', channel })
      else reject(refused(label, error)) // the server itself has said no
    }
    try {
      link.client.exec(
        command,
        sentinel(() => (sent = true)),
        onAnswer,
      )
    } catch {
      onLost() // ssh2 knew that the socket is gone before we were told
    }
  })
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
