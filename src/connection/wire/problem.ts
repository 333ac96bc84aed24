import * as v from 'valibot'
import {
  AkctlError,
  CancelledError,
  ConflictError,
  type ErrorOptions,
  FailedError,
  NodeLockedError,
  type NodeError,
  TimeoutError,
  UnauthorizedError,
  UnknownOutcomeError,
  reportOf,
} from '../../outcome/errors.ts'
import type { ErrorReport } from '../../outcome/outcome.ts'
import { errorReport } from './shapes.ts'

/** The body of every answer that is not 2xx. */
export const problem = v.object({ error: errorReport })

/** The errors a node can answer with, by kind: the HTTP status, and the error on the other side. */
const KINDS: Readonly<
  Record<string, { readonly status: number; readonly make: (message: string, options: ErrorOptions) => NodeError }>
> = {
  conflict: { status: 409, make: (message, options) => new ConflictError(message, options) },
  locked: { status: 409, make: (message, options) => new NodeLockedError(message, options) },
  failed: { status: 422, make: (message, options) => new FailedError(message, options) },
  unauthorized: { status: 403, make: (message, options) => new UnauthorizedError(message, options) },
  timeout: { status: 504, make: (message, options) => new TimeoutError(message, options) },
  unknown: { status: 502, make: (message, options) => new UnknownOutcomeError(message, options) },
  cancelled: { status: 503, make: (message, options) => new CancelledError(message, options) },
}

/** What an agent answers for an error of an operation. Anything that is not one of ours is its bug: 500, without inner words. */
export function problemOf(error: unknown): { readonly status: number; readonly report: ErrorReport } {
  const kind = error instanceof AkctlError ? KINDS[error.kind] : undefined
  if (kind !== undefined) return { status: kind.status, report: reportOf(error) }
  return { status: 500, report: { kind: 'bug', message: 'the agent met an error of its own; its log has it', hints: [] } }
}

/** The error an agent answered with, for this side; undefined for a kind that only it knows. */
export function errorOf(report: ErrorReport): NodeError | undefined {
  const { kind, message, hints, detail } = report
  return KINDS[kind]?.make(message, { hints, ...(detail === undefined ? {} : { detail }) })
}
