import { API, API_ROOT, type ApiCall, type ApiName } from '../connection/wire/api.ts'

/** Where the OpenAPI document is. */
export const DOCUMENT_PATH = `${API_ROOT}/openapi.json`

/** One path of the API, and the methods it knows. */
export interface Route {
  /** As the table has it: `/v1/orders/:id`. */
  readonly pattern: string
  readonly methods: readonly string[]
}

/** The calls of the API by name, in the table's order. */
export function calls(): readonly (readonly [ApiName, ApiCall])[] {
  return Object.entries(API) as [ApiName, ApiCall][]
}

/** The path of a call under the root. */
export function pathOf(call: ApiCall): string {
  return `${API_ROOT}${call.path}`
}

/** The route a request's target belongs to, whatever its method; undefined when there is none. */
export function findRoute(target: string): Route | undefined {
  const path = target.split('?', 1)[0] ?? ''
  if (path === DOCUMENT_PATH) return { pattern: DOCUMENT_PATH, methods: ['GET'] }
  const hits = calls().filter(([, call]) => fits(pathOf(call), path))
  const [first] = hits
  return first === undefined ? undefined : { pattern: pathOf(first[1]), methods: hits.map(([, { method }]) => method) }
}

function fits(pattern: string, path: string): boolean {
  const [wanted, found] = [pattern.split('/'), path.split('/')]
  return wanted.length === found.length && wanted.every((part, index) => part.startsWith(':') || part === found[index])
}
