import { type NodeError, TimeoutError, UnauthorizedError, UnreachableError, UntrustedError } from '../../outcome/errors.ts'

/** How far a connection had come. */
export type Phase = 'greeting' | 'key exchange' | 'login'

const SERVER_LOG = 'the server logs the reason (journalctl -u ssh)'

/** What may be wrong where nothing listens, or somebody hangs up at once. */
export const SSHD_HINTS = {
  refused: 'is sshd running there, and is it the right port?',
  reset: 'a firewall, or sshd refusing new connections (MaxStartups); try again',
}

/** The connection was there, and the other side was silent for too long. */
export function silence(label: string, phase: Phase, seconds: number): TimeoutError {
  const where = phase === 'greeting' ? 'accepted the connection and then said nothing' : `stopped answering in the ${phase}`
  return new TimeoutError(`${label} ${where} for ${Math.ceil(seconds)} s`, {
    ...stageOf(phase),
    hints: ['the machine may be overloaded or hung; or another program than sshd has that port'],
  })
}

/** What ssh2 said went wrong before the login was complete. */
export function handshakeFailure(label: string, phase: Phase, error: Error & { readonly level?: string }): NodeError {
  const cause = { cause: error, ...stageOf(phase) }
  const said = error.message.slice(0, 200)
  if (said.includes('signature verification failed')) {
    return new UntrustedError(
      `${label} showed a host key and could not prove that it has it: another machine answers in its place`,
      cause,
    )
  }
  const missing = /no matching (key exchange algorithm|host key format|.*cipher|.*MAC|.*compression)/i.exec(said)
  if (missing !== null) {
    const hints = ['akctl uses nothing that rests on SHA-1; OpenSSH 7.2 (2016) or newer has what it needs']
    return new UnreachableError(`${label} speaks only old algorithms: there is ${missing[0].toLowerCase()}`, { ...cause, hints })
  }
  if (phase === 'greeting') return noSsh(label, said, error)
  if (/too many authentication failures/i.test(said)) {
    const hints = [
      'the ssh-agent offers more keys than the server tries: give the node a stored key (akctl nodes edit NODE --key KEY)',
    ]
    return new UnauthorizedError(`${label}: the server gave up after too many keys`, { ...cause, hints })
  }
  if (error.level === 'client-authentication') return new UnauthorizedError(`${label}: ${said}`, cause)
  return new UnreachableError(`${label} ended the connection in the ${phase}: ${said}`, { ...cause, hints: [SERVER_LOG] })
}

/** The connection ended without a word. */
export function endedEarly(label: string, phase: Phase): NodeError {
  if (phase === 'greeting') return noSsh(label, 'the connection was closed before it said who it is')
  return new UnreachableError(`${label} closed the connection in the ${phase}`, {
    ...stageOf(phase),
    hints: [SERVER_LOG],
  })
}

function stageOf(phase: Phase): { readonly stage?: 'login' } {
  return phase === 'login' ? { stage: 'login' } : {}
}

function noSsh(label: string, said: string, cause?: Error): UnreachableError {
  return new UnreachableError(`${label} accepted the connection but did not speak SSH: ${said}`, {
    hints: ['is it the port of sshd? If so, sshd may be refusing new connections (MaxStartups, a deny rule); try again'],
    ...(cause === undefined ? {} : { cause }),
  })
}
