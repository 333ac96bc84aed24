import { type Server, createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Note } from './agent-log.ts'
import { Connections } from './connections.ts'
import { wordsOf } from './exits.ts'
import { FailureLimit } from './failure-limit.ts'
import { Gate } from './gate.ts'
import { busyProblem, usageProblem } from './problems.ts'
import { createRoutes } from './routes.ts'
import type { Work } from './work.ts'

/** What the front needs to be itself. The key is a PEM text, the digests are SHA-256 in hex. */
export interface Credentials {
  readonly certificate: string
  readonly privateKey: string
  readonly digests: readonly string[]
}

/** Where to listen: an address of its own, or a socket that somebody opened. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly fd: number }

/** Bytes of a request's head; milliseconds for the handshake, for the head, for a whole request, for an idle connection. */
const LIMITS = { head: 16 * 1024, handshake: 5000, headTime: 10_000, requestTime: 30_000, idle: 15_000, look: 1000 }

/** The HTTPS side of the agent: TLS 1.3, the gate, the API. */
export class Front {
  private readonly draining = new AbortController()

  private constructor(
    private readonly server: Server,
    private readonly gate: Gate,
    private readonly connections: Connections,
  ) {}

  /** Opens the front. @throws the system's error when it can't listen */
  static async open(at: ListenAt, credentials: Credentials, work: Work, note: Note): Promise<Front> {
    const connections = new Connections()
    const gate = new Gate(new FailureLimit(() => performance.now()), connections, note)
    const server = createServer({ ...secure(credentials), ...serverLimits() })
    const front = new Front(server, gate, connections)
    gate.accept(credentials.digests)
    const app = await createRoutes({ work, note, factsOf: (request) => gate.factsOf(request), draining: front.draining.signal })
    front.attach(app, note)
    await listen(server, at)
    return front
  }

  /** Takes another certificate and other keys; open connections keep the old certificate, and no old key. */
  renew(credentials: Credentials): void {
    this.server.setSecureContext(secure(credentials))
    this.gate.accept(credentials.digests)
  }

  /** Takes no more connections, ends followed logs, and waits until what is being answered is answered. */
  async drain(): Promise<void> {
    this.draining.abort()
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    const sweep = setInterval(() => this.server.closeIdleConnections(), 100)
    // Whoever is just about to show a key is told that this ends; no call of the others can be at work.
    const look = setTimeout(() => this.connections.endUnproven(), LIMITS.look)
    this.server.closeIdleConnections()
    await closed
    clearInterval(sweep)
    clearTimeout(look)
  }

  private attach(app: FastifyInstance, note: Note): void {
    const { server, gate } = this
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      if (!gate.admit(request, response)) return
      if (this.draining.signal.aborted) gate.refuse(request, response, busyProblem('it is ending'))
      else app.routing(request, response)
    }
    server.on('connection', (socket: Socket) => this.connections.add(socket))
    server.on('request', serve)
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      if (gate.admit(request, response)) gate.refuse(request, response, usageProblem('this expectation is not met', 417))
    })
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      note({
        level: 'warning',
        event: 'call',
        from: socket.remoteAddress,
        method: request.method,
        path: '(unknown)',
        status: 405,
      })
      endWith(socket, '405 Method Not Allowed')
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseBroken(error, socket, note))
  }
}

function secure({ certificate, privateKey }: Credentials) {
  return { cert: certificate, key: privateKey, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] } as const
}

function serverLimits() {
  return {
    handshakeTimeout: LIMITS.handshake,
    maxHeaderSize: LIMITS.head,
    headersTimeout: LIMITS.headTime,
    requestTimeout: LIMITS.requestTime,
    keepAliveTimeout: LIMITS.idle,
    connectionsCheckingInterval: LIMITS.look,
    // Refused by the gate, with a line in the log, and not by Node.js.
    requireHostHeader: false,
  }
}

function listen(server: Server, at: ListenAt): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/**
 * What is not TLS, not HTTP, comes too slowly, or has too long a head. No key was looked at, and none is needed to be told.
 * Node.js has handshakes that failed come here as well: there is nobody to answer.
 */
function refuseBroken(error: NodeJS.ErrnoException, socket: Socket, note: Note): void {
  const code = error.code ?? wordsOf(error)
  const from = socket.remoteAddress
  if (!/^(HPE_|ERR_HTTP_)/.test(code) || socket.destroyed || !socket.writable) {
    socket.destroy()
    if (code !== 'ECONNRESET') note({ level: 'warning', event: 'connection', from, why: code })
    return
  }
  const [status, words] = BROKEN.get(code) ?? [400, 'Bad Request']
  note({ level: 'warning', event: 'call', from, path: '(unknown)', status, why: code })
  endWith(socket, `${status} ${words}`)
}

/** The last answer on a connection. One that does not take it, or leaves its own side open, does not stay for it. */
function endWith(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  setTimeout(() => socket.destroy(), LIMITS.look).unref()
}

const BROKEN: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout']],
])
