import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LogEntry, Note } from './agent-log.ts'
import { AcceptedKeys } from './accepted-keys.ts'
import type { Connections } from './connections.ts'
import type { FailureLimit } from './failure-limit.ts'
import { type Problem, keyProblem, limitProblem } from './problems.ts'
import { findRoute } from './route-table.ts'

/** What is known of a call while it is answered; part of its line in the log. */
export interface CallFacts {
  order?: string
  by?: string
  /** The kind of the error it was answered with. */
  kind?: string
}

/** Stands before everything else: every request is counted, and only one with an accepted key goes on. */
export class Gate {
  private readonly facts = new WeakMap<IncomingMessage, CallFacts>()
  private keys = new AcceptedKeys([])

  constructor(
    private readonly limit: FailureLimit,
    private readonly connections: Connections,
    private readonly note: Note,
  ) {}

  /** From now on these keys (SHA-256, hex) are accepted. */
  accept(digests: readonly string[]): void {
    this.keys = new AcceptedKeys(digests)
  }

  /** Lets a request in, or answers it. @returns true when it may go on */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    this.account(request, response)
    if (this.keys.accept(request.headers)) {
      this.connections.prove(request.socket)
      return true
    }
    const wait = this.limit.failed(request.socket.remoteAddress ?? '')
    this.refuse(request, response, wait === undefined ? keyProblem() : limitProblem(wait))
    return false
  }

  /** Answers a request with a problem, without a look at its body: what still comes of it is not read. */
  refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
    this.factsOf(request).kind = problem.report.kind
    const body = JSON.stringify({ error: problem.report })
    const headers = { ...problem.headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    response.writeHead(problem.status, hasBody ? { ...headers, connection: 'close' } : headers)
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  /** The facts of a call, to be added to. */
  factsOf(request: IncomingMessage): CallFacts {
    const facts = this.facts.get(request) ?? {}
    this.facts.set(request, facts)
    return facts
  }

  /** One line for every call, when its answer is over. The path is the API's own, as anything may stand in a foreign one. */
  private account(request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now()
    const from = request.socket.remoteAddress
    response.once('close', () => {
      const left = !response.writableFinished
      const line: LogEntry = {
        level: response.statusCode >= 400 ? 'warning' : 'info',
        event: 'call',
        from,
        method: request.method,
        path: findRoute(request.url ?? '')?.pattern ?? '(unknown)',
        ...(response.headersSent ? { status: response.statusCode } : {}),
        ...(left ? { left } : {}),
        ms: Math.round(performance.now() - began),
        ...this.factsOf(request),
      }
      this.note(line)
    })
  }
}
