import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type ServerOptions, createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { AgentConnection, type AgentParts } from '../../src/connection/agent/agent-connection.ts'
import type { AgentTarget } from '../../src/connection/agent/target.ts'
import type { IdentityPolicy } from '../../src/connection/identity-policy.ts'
import { API_VERSION } from '../../src/connection/wire/api.ts'
import { Secret } from '../../src/node/secret.ts'
import type { TrustRecord } from '../../src/node/trust.ts'
import { type TestCertificate, trustedCertificate } from './certificates.ts'
import { newClaim } from './local-node.ts'

/** The key that these servers are shown. */
export const API_KEY = 'k3y-of-the-test'

/** A request that arrived whole. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly body: unknown
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** An HTTPS server that does as a test likes, and keeps everything it was sent. */
export class OddServer {
  /** Every byte of HTTP that arrived, decrypted. */
  received = ''
  /** TCP connections so far, and whole requests. */
  connections = 0
  readonly requests: Arrived[] = []
  private readonly sockets = new Set<Socket>()

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly certificate: TestCertificate,
  ) {
    server.on('connection', (socket: Socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.sockets.delete(socket))
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')))
    })
  }

  /** @param answer called with every request that arrived whole; default: a status, and everything else by `agentAnswers` */
  static async start(
    certificate: TestCertificate,
    answer: (arrived: Arrived) => void = agentAnswers(),
    options: ServerOptions = {},
  ): Promise<OddServer> {
    const listener: RequestListener = (request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      request.on('end', () => {
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        const { method = '', url = '', headers } = request
        const arrived = { method, path: url, authorization: headers.authorization ?? '', body, request, response }
        odd.requests.push(arrived)
        answer(arrived)
      })
    }
    const server = createServer({ cert: certificate.cert, key: certificate.key, ...options }, listener)
    const odd = new OddServer(server, certificate)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return odd
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Shows another certificate from now on. */
  show({ cert, key }: TestCertificate): void {
    this.server.setSecureContext({ cert, key })
  }

  paths(): readonly string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`)
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** Answers with a JSON document. */
export function answerJson({ response }: Arrived, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** Answers with a problem. */
export function answerProblem(arrived: Arrived, status: number, kind: string, message: string, hints: string[] = []): void {
  answerJson(arrived, status, { error: { kind, message, hints } })
}

export const STATE = { running: true, listening: [], installed: true, edited: [], clock: 1_790_000_000 }
export const VERSION = { agent: '0.1.0', api: API_VERSION, mta: 'postfix', node: 'v20.0.0' }

/** Answers as an agent does: what `own` has for a path (`/version`), else something valid. */
export function agentAnswers(own: Readonly<Record<string, (arrived: Arrived) => void>> = {}): (arrived: Arrived) => void {
  const usual: Readonly<Record<string, unknown>> = {
    '/version': VERSION,
    '/status': STATE,
    '/start': { did: true },
    '/stop': { did: true },
    '/restart': { did: true },
    '/sync': { wrote: true, revision: 1, took: 'restart', running: true, replaced: [] },
    '/rollback': { wrote: true, revision: 3, took: 'none', running: false, replaced: [] },
    '/diff': [{ file: 'main.cf', cause: 'pending', diff: '+a' }],
    '/interfaces': [{ name: 'lo', address: '127.0.0.1', listens: [] }],
  }
  return (arrived) => {
    const path = arrived.path.replace(/^\/v1/, '')
    const special = own[path]
    if (special !== undefined) special(arrived)
    else if (usual[path] !== undefined) answerJson(arrived, 200, usual[path])
    else answerProblem(arrived, 404, 'usage', 'there is no such path')
  }
}

/** Accepts exactly these records. */
export function certificatePolicy(known: readonly TrustRecord[], ask?: IdentityPolicy['ask']): IdentityPolicy {
  return {
    known: (endpoint) => Promise.resolve(known.filter((record) => record.endpoint === endpoint)),
    trustCommand: ({ fingerprint }) => `akctl trust add mx1 --fingerprint ${fingerprint}`,
    ...(ask === undefined ? {} : { ask }),
  }
}

export interface ConnectOptions extends Partial<AgentParts> {
  readonly target?: Partial<AgentTarget>
}

/** A connection to a server whose certificate is accepted, as mx1, unless told otherwise. */
export function connectTo(
  server: Pick<OddServer, 'port' | 'endpoint' | 'certificate'>,
  options: ConnectOptions = {},
): AgentConnection {
  const target: AgentTarget = {
    name: 'mx1',
    host: '127.0.0.1',
    port: server.port,
    addresses: ['203.0.113.5'],
    apiKey: () => Promise.resolve(new Secret(API_KEY)),
    ...options.target,
  }
  return new AgentConnection(target, {
    policy: certificatePolicy([trustedCertificate(server.endpoint, server.certificate)]),
    timeouts: { connect: 10, command: 10, change: 10 },
    env: {},
    clock: () => new Date(),
    ...options,
  })
}

/** An order, as operations make them. */
export const ORDER = {
  id: '01JE3Z4Q9W8V7T6S5R4P3N2M1K',
  by: 'ann@desk',
  reason: 'a test',
  at: '2026-11-24T03:00:00.000Z',
  lockWait: 1,
  lease: newClaim(),
} as const
