import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { endpoint as endpointName } from '../../node/record.ts'
import { CancelledError, TimeoutError, UnreachableError } from '../../outcome/errors.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import { dial } from './dial.ts'
import { handshake } from './handshake.ts'
import { IdentityCheck } from './identity-check.ts'
import type { SshEndpoint, SshTimeouts } from './target.ts'
import type { UnlockedKeys } from './unlocked-keys.ts'
import { whenAborted } from '../when-aborted.ts'

/** How long a link that was told to end may take before it is dropped, in ms. */
const FAREWELL = 1000

/** A connection that is logged in. */
export class Link {
  /** False as soon as the connection is known to be gone. */
  alive = true
  /** Why it is gone, for messages. */
  why = 'the server closed the connection'
  private readonly gone: Promise<void>

  constructor(
    readonly client: Client,
    private readonly socket: Socket | Duplex,
    private readonly jump: Link | undefined,
  ) {
    client.on('error', (error: Error) => {
      this.why = describe(error)
      this.alive = false
    })
    this.gone = new Promise((resolve) => {
      client.once('end', () => (this.alive = false))
      client.once('close', () => {
        this.alive = false
        resolve()
      })
    })
  }

  /** Drops it without a word, and the jump host's with it. */
  destroy(why: string): void {
    if (this.alive) this.why = why
    this.alive = false
    this.socket.destroy()
    this.jump?.destroy(why)
  }

  /** Ends it in good order, or drops it after a second; never throws. */
  async close(): Promise<void> {
    if (this.alive) this.client.end()
    this.alive = false
    const timer = setTimeout(() => this.socket.destroy(), FAREWELL)
    await this.gone
    clearTimeout(timer)
    await this.jump?.close()
  }
}

function describe(error: Error & { readonly code?: unknown; readonly level?: string }): string {
  if (error.message === 'Keepalive timeout') return 'no answer to three keep-alive questions'
  if (error.code === 'ECONNRESET') return 'the connection was reset'
  return error.message.slice(0, 200)
}

/** What links are made with. */
export interface LinkParts {
  readonly policy: IdentityPolicy
  readonly timeouts: SshTimeouts
  readonly keys: UnlockedKeys
  readonly signal?: AbortSignal
}

/**
 * Connects to an endpoint and logs in, by way of a jump host's link where there is one. An identity that nobody has
 * accepted yet is asked about between two connections, so that no server waits for the user.
 * @param label who, for messages
 * @throws UnreachableError, TimeoutError, UntrustedError, UnauthorizedError, CancelledError, and what `credential` throws
 */
export async function openLink(label: string, endpoint: SshEndpoint, parts: LinkParts, jump?: Link): Promise<Link> {
  const { policy, timeouts } = parts
  const name = endpointName(endpoint.host, endpoint.port)
  const check = new IdentityCheck(name, await policy.known(name))
  for (;;) {
    const deadline = Date.now() + timeouts.connect * 1000
    const socket = await reach(label, endpoint, parts, jump)
    const connect = Math.max(0.001, (deadline - Date.now()) / 1000)
    const result = await handshake({
      ...parts,
      label,
      endpoint,
      socket,
      timeouts: { ...timeouts, connect },
      types: check.types,
      accepts: (key) => check.accepts(key),
    })
    if (result.kind === 'ready') return new Link(result.client, socket, jump)
    if (check.another(result.offered)) continue
    const { first } = check
    const accepted = check.unknown && first !== undefined && (await policy.ask?.(first)) === true
    if (!accepted) throw check.refusal(label, (shown) => policy.trustCommand(shown))
    check.accept(first)
  }
}

/** A way to an endpoint: a TCP connection of our own, or one that the jump host makes. */
export function reach(
  label: string,
  { host, port }: { readonly host: string; readonly port: number },
  { timeouts, signal }: Pick<LinkParts, 'timeouts' | 'signal'>,
  jump: Link | undefined,
): Promise<Socket | Duplex> {
  if (jump === undefined) return dial(label, host, port, timeouts.connect, signal)
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (error !== undefined) reject(error)
    }
    const onAbort = (): void => finish(new CancelledError(`${label}: cancelled while connecting`))
    const late = `${label} did not answer its jump host within ${timeouts.connect} s`
    const timer = setTimeout(() => finish(new TimeoutError(late)), timeouts.connect * 1000)
    whenAborted(signal, onAbort)
    if (signal?.aborted === true) return
    if (!jump.alive) {
      finish(new UnreachableError(`${label}: the connection to its jump host was lost (${jump.why})`))
      return
    }
    jump.client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
      finish(error === undefined ? undefined : forwardFailure(label, error))
      if (error === undefined) resolve(stream)
    })
  })
}

function forwardFailure(label: string, error: Error & { readonly reason?: unknown }): UnreachableError {
  const forbidden = error.reason === 1 || /prohibited/i.test(error.message)
  const hint = forbidden
    ? 'the jump host forbids forwarding: AllowTcpForwarding and PermitOpen in its sshd_config'
    : 'try it on the jump host itself: is the node up, and is it the right port?'
  return new UnreachableError(`${label} could not be reached from its jump host: ${error.message.slice(0, 200)}`, {
    hints: [hint],
    cause: error,
  })
}
