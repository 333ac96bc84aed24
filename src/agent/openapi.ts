import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { API_ROOT, API_VERSION, type ApiCall, NDJSON } from '../connection/wire/api.ts'
import { problem } from '../connection/wire/problem.ts'
import { calls } from './route-table.ts'

const ERRORS: Readonly<Record<string, string>> = {
  400: 'the request is not as the API wants it; nothing was done',
  401: 'the key is missing, or not accepted',
  403: 'the node refused (rights)',
  409: "in conflict with somebody else's change",
  413: 'the body is over 64 KiB',
  422: 'the order was carried out and did not succeed',
  429: 'too many calls without an accepted key',
  500: "the agent's own error",
  502: 'a changing order was begun and its end was not seen',
  503: 'busy or ending; nothing was begun',
  504: 'no answer in time while reading',
}

/** The OpenAPI 3.1 document of the API, made from the table of calls and the schemas that requests are checked by. */
export function openApiDocument(): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, call] of calls()) {
    const path = call.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [call.method.toLowerCase()]: operation(name, call) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: "akctl's node agent",
      version: `${API_VERSION.major}.${API_VERSION.minor}`,
      description: 'Serves one sending node to akctl: typed settings and orders, never files or commands.',
    },
    servers: [{ url: API_ROOT }],
    security: [{ key: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operation(name: string, call: ApiCall): unknown {
  const media = call.stream === true ? NDJSON : 'application/json'
  const parameters = call.params === undefined ? [] : parametersOf(schemaOf(call.params))
  return {
    operationId: name,
    summary: call.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(call.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(call.body) } } } }),
    responses: {
      200: {
        description: call.stream === true ? 'one such document a line; an empty line shows that the answer lives' : 'done',
        content: { [media]: { schema: schemaOf(call.answer) } },
      },
      ...Object.fromEntries(Object.entries(ERRORS).map(([status, description]) => [status, answerOf(description)])),
    },
  }
}

function answerOf(description: string): unknown {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } }
}

function parametersOf(schema: Record<string, unknown>): readonly unknown[] {
  const properties = schema['properties'] as Record<string, unknown>
  return Object.entries(properties).map(([name, inner]) => ({ name, in: 'path', required: true, schema: inner }))
}

/** Checks that JSON Schema has no word for (distinct addresses, that a text is an address) are left out. */
function schemaOf(schema: v.GenericSchema): Record<string, unknown> {
  const whole = toJsonSchema(schema, { errorMode: 'ignore' })
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== '$schema'))
}
