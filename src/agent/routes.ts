import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type * as v from 'valibot'
import { BODY_LIMIT, type ApiCall } from '../connection/wire/api.ts'
import { reportOf } from '../outcome/errors.ts'
import type { Note } from './agent-log.ts'
import type { CallFacts } from './gate.ts'
import { wordsOf } from './exits.ts'
import { checked } from './input.ts'
import { streamLogs } from './log-stream.ts'
import { openApiDocument } from './openapi.ts'
import { Problem, busyProblem, toProblem, usageProblem } from './problems.ts'
import { DOCUMENT_PATH, calls, findRoute, pathOf } from './route-table.ts'
import type { CallName, Work } from './work.ts'

/** What the routes are made with. */
export interface RouteParts {
  readonly work: Work
  readonly note: Note
  readonly factsOf: (request: FastifyRequest['raw']) => CallFacts
  /** Ends followed logs when the agent drains. */
  readonly draining: AbortSignal
}

/** The API as a Fastify application, made from the table of calls; what reaches it has shown a key. */
export async function createRoutes(parts: RouteParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    maxParamLength: 100,
    exposeHeadRoutes: false,
    // A path that can't be decoded comes here and not to the handler of errors.
    frameworkErrors: (error, request, reply) => answerProblem(parts, error, request, reply),
  })
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler<v.GenericSchema>(({ schema }) => (input) => {
    try {
      return { value: checked(schema, input) }
    } catch (error) {
      return { error: error as Problem }
    }
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => answerProblem(parts, error, request, reply))
  app.setNotFoundHandler((request, reply) => answerProblem(parts, strayed(request), request, reply))
  const text = new DocumentText()
  app.get(DOCUMENT_PATH, (_, reply) => reply.type('application/json').send(text.get()))
  for (const [name, call] of calls()) {
    const { method, body, params } = call
    const schema = { ...(body === undefined ? {} : { body }), ...(params === undefined ? {} : { params }) }
    const handler =
      name === 'logs'
        ? (request: FastifyRequest, reply: FastifyReply) => answerLogs(parts, request, reply)
        : (request: FastifyRequest, reply: FastifyReply) => answerCall(parts, name, call, request, reply)
    app.route({ method, url: pathOf(call), schema, handler })
  }
  await app.ready()
  return app
}

/** The document's text, made when it is asked for the first time. */
class DocumentText {
  private text: string | undefined

  get(): string {
    return (this.text ??= JSON.stringify(openApiDocument()))
  }
}

function strayed(request: FastifyRequest): Problem {
  const route = findRoute(request.url)
  if (route === undefined) return usageProblem('there is no such path; GET /v1/openapi.json lists them', 404)
  const allow = route.methods.join(', ')
  return usageProblem(`this path answers to ${allow} only`, 405, { allow })
}

async function answerCall(
  parts: RouteParts,
  name: CallName,
  call: ApiCall,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const input = call.body === undefined ? request.params : request.body
  const facts = parts.factsOf(request.raw)
  if (call.changes) Object.assign(facts, orderFacts(input))
  const left = leftSignal(reply)
  try {
    const answer = await parts.work.call(name, input, left)
    if (call.changes && left.aborted) parts.note({ level: 'info', event: 'order', ...facts, outcome: 'done' })
    return answer
  } catch (error) {
    if (call.changes && left.aborted)
      parts.note({ level: 'warning', event: 'order', ...facts, outcome: toProblem(error).report.kind })
    throw error
  }
}

function orderFacts(input: unknown): CallFacts {
  const { id, by } = input as { readonly id: string; readonly by?: string }
  return { order: id, ...(by === undefined ? {} : { by }) }
}

async function answerLogs(parts: RouteParts, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (parts.draining.aborted) throw busyProblem('it is ending') // its body came after the drain had begun
  const signal = AbortSignal.any([leftSignal(reply), parts.draining])
  await streamLogs(parts.work.logs(request.body, signal), reply, (error) =>
    parts.note({ level: 'error', event: 'logs', why: wordsOf(error) }),
  )
  return reply
}

/** Aborted when the client leaves before its answer is complete. */
function leftSignal(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort()
  })
  return left.signal
}

/** Every error's way out: ours as they are, Fastify's about a request as `usage`, anything else as a bug that the log has. */
function answerProblem(parts: RouteParts, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = framework(error) ?? toProblem(error)
  parts.factsOf(request.raw).kind = problem.report.kind
  if (problem.status === 500 && !(error instanceof Problem)) {
    parts.note({ level: 'error', event: 'bug', why: wordsOf(error), where: reportOf(error).detail?.join(' ') })
  }
  // What is left of a body that was too long is not read.
  const headers = problem.status === 413 ? { ...problem.headers, connection: 'close' } : problem.headers
  void reply
    .code(problem.status)
    .headers(headers)
    .type('application/json')
    .send(JSON.stringify({ error: problem.report }))
}

function framework(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined
  const { statusCode } = error
  if (statusCode < 400 || statusCode >= 500) return undefined
  if (statusCode === 413) return usageProblem(`the body is over ${BODY_LIMIT} bytes`, 413)
  if (statusCode === 415) return usageProblem('the body must be application/json', 415)
  return usageProblem(
    'code' in error && error.code === 'FST_ERR_BAD_URL' ? 'the path is not a path' : 'the body is not JSON',
    400,
  )
}
