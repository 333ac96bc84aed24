import { isIP } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { CancelledError } from '../../outcome/errors.ts'
import { openingTooLate } from '../opening-failure.ts'
import { tlsFailure, tlsSilence } from './failures.ts'
import { whenAborted } from '../when-aborted.ts'

/** How long one of several addresses of a name is tried before the next, in ms; Node's own 250 is less than a satellite link. */
const NEXT_ADDRESS = 1000

/** Milliseconds of silence after which the system asks whether the other side is still there; ten questions, one a second. */
const KEEP_ALIVE = 10_000

/** Where to, and for how long. */
export interface TlsEndpoint {
  /** Who, for messages. */
  readonly label: string
  readonly host: string
  readonly port: number
  /** Until it counts as failed, in seconds: name lookup, TCP and TLS together. */
  readonly seconds: number
  readonly signal?: AbortSignal | undefined
}

/** What decides about the certificate. */
export type Verification = Required<Pick<ConnectionOptions, 'rejectUnauthorized'>> &
  Pick<ConnectionOptions, 'ca' | 'checkServerIdentity'>

/** A TLS connection over which nothing was sent yet; or what OpenSSL or the check had against the certificate. */
export type Opened = { readonly kind: 'open'; readonly socket: TLSSocket } | { readonly kind: 'refused'; readonly why: string }

/**
 * Connects and shakes hands by TLS 1.3, always anew: there is no session to resume, since a resumed one is not checked.
 * @throws UnreachableError, TimeoutError, CancelledError
 */
export function openTls(to: TlsEndpoint, verification: Verification): Promise<Opened> {
  const { label, host, port, seconds, signal } = to
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new CancelledError(`${label}: cancelled before connecting`))
      return
    }
    const options = {
      ...verification,
      host,
      port,
      servername: isIP(host) === 0 ? host : '',
      minVersion: 'TLSv1.3' as const,
      ALPNProtocols: ['http/1.1'],
      allowPartialTrustChain: true, // a pinned certificate may come from a CA that is not here
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS,
    }
    const socket = connect(options)
    socket.setNoDelay(true)
    let looked = isIP(host) !== 0
    let connected = false
    const settle = (result: Opened | Error): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.on('error', () => undefined) // whoever takes the socket over has a listener of its own
      if (result instanceof Error || result.kind === 'refused') socket.destroy()
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
    const onAbort = (): void => settle(new CancelledError(`${label}: cancelled while connecting`))
    const late = (): Error => (connected ? tlsSilence(label, seconds) : openingTooLate(label, looked, seconds))
    const timer = setTimeout(() => settle(late()), seconds * 1000)
    whenAborted(signal, onAbort)
    socket.once('lookup', () => (looked = true))
    socket.once('connect', () => {
      connected = true
      socket.setKeepAlive(true, KEEP_ALIVE)
    })
    socket.once('error', (error: Error) => {
      const why = objectionOf(socket)
      settle(why === undefined ? tlsFailure(label, connected, error) : { kind: 'refused', why })
    })
    socket.once('secureConnect', () => settle({ kind: 'open', socket }))
  })
}

/** What the verification had against the certificate; undefined when it did not come that far. It is a text, whatever the types say. */
function objectionOf(socket: TLSSocket): string | undefined {
  const why: unknown = socket.authorizationError
  if (why === undefined || why === null) return undefined
  return (why instanceof Error ? why.message : typeof why === 'string' ? why : 'refused').slice(0, 200)
}
