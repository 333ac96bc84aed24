import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client } from 'ssh2'
import { CancelledError } from '../../outcome/errors.ts'
import { algorithmsFor, type HostKeyType } from './algorithms.ts'
import { Countdown } from './countdown.ts'
import { endedEarly, handshakeFailure, type Phase, silence } from './failures.ts'
import { type LoginAs, loginHandler } from './login.ts'
import { ServerOffer } from './server-offer.ts'
import type { SshTimeouts } from './target.ts'
import type { UnlockedKeys } from './unlocked-keys.ts'
import { whenAborted } from '../when-aborted.ts'

/** Everything one handshake needs. */
export interface HandshakeParts {
  readonly label: string
  readonly endpoint: LoginAs
  readonly socket: Socket | Duplex
  /** Host key types to ask for, most wanted first. */
  readonly types: readonly HostKeyType[]
  /** Whether a host key is accepted; asked before anything else is said. */
  readonly accepts: (key: Buffer) => boolean
  readonly keys: UnlockedKeys
  readonly timeouts: SshTimeouts
  readonly signal?: AbortSignal
}

/** A client that is logged in; or a host key that was not accepted, with the types the server has. */
export type HandshakeResult =
  { readonly kind: 'ready'; readonly client: Client } | { readonly kind: 'refused'; readonly offered: readonly HostKeyType[] }

/**
 * Greeting, key exchange, identity and login over an open socket. The socket is closed unless the result is `ready`.
 * @throws UnreachableError, TimeoutError, UntrustedError, UnauthorizedError, CancelledError, and what `credential` throws
 */
export function handshake(parts: HandshakeParts): Promise<HandshakeResult> {
  return new Promise((resolve, reject) => new Handshake(parts, resolve, reject).start())
}

class Handshake {
  private readonly client = new Client()
  private readonly offer = new ServerOffer()
  private readonly countdown = new Countdown()
  private phase: Phase = 'greeting'
  private accepted: Buffer | undefined
  private refused = false
  private settled = false

  constructor(
    private readonly parts: HandshakeParts,
    private readonly resolve: (result: HandshakeResult) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  start(): void {
    const { client, parts } = this
    const { endpoint, keys, label, signal, socket, timeouts, types } = parts
    if (signal?.aborted === true) {
      this.fail(new CancelledError(`${label}: cancelled while connecting`))
      return
    }
    whenAborted(signal, this.onAbort)
    client.on('error', (error: Error & { level?: string }) => this.onError(error))
    client.on('close', () => this.onClose())
    client.once('handshake', () => this.enter('login', timeouts.auth)) // once: every renewal of the keys says it again
    client.on('ready', () => this.settle(() => this.resolve({ kind: 'ready', client })))
    client.connect({
      sock: socket,
      username: endpoint.user,
      algorithms: algorithmsFor(types),
      hostVerifier: (key: Buffer, verify: (accept: boolean) => void) => verify(this.verify(key)),
      authHandler: loginHandler(label, endpoint, keys, {
        pause: () => this.countdown.pause(),
        resume: () => this.countdown.resume(),
        fail: (error) => this.fail(error),
      }),
      readyTimeout: 0, // the phases have their own
      keepaliveInterval: timeouts.keepAlive * 1000,
      keepaliveCountMax: 3,
    })
    this.enter('greeting', timeouts.connect)
    socket.on('data', this.onData) // after `connect`, which pauses the socket: nothing flows before ssh2 listens
  }

  /**
   * Strictly true or false: ssh2 takes 0, null and a promise for a yes. It asks again when the server renews its keys;
   * by then only the very key accepted first will do.
   */
  private verify(key: Buffer): boolean {
    if (this.accepted !== undefined) return this.accepted.equals(key)
    const accept = this.parts.accepts(key)
    if (accept) this.accepted = Buffer.from(key)
    else this.refused = true
    return accept
  }

  private readonly onData = (chunk: Buffer): void => {
    const more = this.offer.add(chunk)
    if (this.phase === 'greeting' && this.offer.identified) this.phase = 'key exchange'
    if (!more) this.parts.socket.removeListener('data', this.onData)
  }

  private readonly onAbort = (): void => this.fail(new CancelledError(`${this.parts.label}: cancelled while connecting`))

  private enter(phase: Phase, seconds: number): void {
    this.phase = phase
    this.countdown.start(seconds, () => this.fail(silence(this.parts.label, this.phase, seconds)))
  }

  private onError(error: Error & { readonly level?: string }): void {
    if (error.level === 'agent') return // the agent's own trouble: the login handler is asked next, and says it better
    if (this.refused) {
      this.settle(() => this.resolve({ kind: 'refused', offered: this.offer.types }))
      endSoon(this.parts.socket)
    } else this.fail(handshakeFailure(this.parts.label, this.phase, error))
  }

  private onClose(): void {
    if (!this.settled) this.fail(endedEarly(this.parts.label, this.phase))
  }

  private fail(error: unknown): void {
    this.settle(() => {
      this.parts.socket.destroy()
      this.reject(error)
    })
  }

  private settle(how: () => void): void {
    if (this.settled) return
    this.settled = true
    this.countdown.stop()
    this.parts.signal?.removeEventListener('abort', this.onAbort)
    this.parts.socket.removeListener('data', this.onData)
    how()
  }
}

/** Ends a socket once what is written has left: the server is told that the connection was refused. */
function endSoon(socket: HandshakeParts['socket']): void {
  if ('destroySoon' in socket) socket.destroySoon()
  else socket.destroy()
}
