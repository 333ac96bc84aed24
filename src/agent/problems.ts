import { problemOf } from '../connection/wire/problem.ts'
import { UsageError, reportOf } from '../outcome/errors.ts'
import type { ErrorReport } from '../outcome/outcome.ts'

/** An answer that is no 2xx, as it goes over the wire. */
export class Problem extends Error {
  /**
   * @param status of HTTP
   * @param headers that go with it
   */
  constructor(
    readonly status: number,
    readonly report: ErrorReport,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(report.message)
    this.name = 'Problem'
  }
}

/** A request that is not as the API wants it; nothing was done. */
export function usageProblem(message: string, status = 400, headers: Readonly<Record<string, string>> = {}): Problem {
  return new Problem(status, { kind: 'usage', message, hints: [] }, headers)
}

/** There is too much at work already; nothing was begun, and the call may be made again. */
export function busyProblem(what: string): Problem {
  const hints = ['try again in a moment']
  return new Problem(503, { kind: 'timeout', message: `the agent is busy: ${what}`, hints }, { 'retry-after': '2' })
}

/** The one answer to a missing and to a wrong key. */
export function keyProblem(): Problem {
  const report = { kind: 'unauthorized', message: 'the key is missing, or not one the agent accepts', hints: [] }
  return new Problem(401, report, { 'www-authenticate': 'Bearer' })
}

/** The answer to yet another failure. */
export function limitProblem(seconds: number): Problem {
  const report = { kind: 'unauthorized', message: 'too many calls without an accepted key', hints: [] }
  return new Problem(429, report, { 'retry-after': String(seconds) })
}

/** What to answer for anything that was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  // What a driver can't do at all, found before anything was begun.
  if (error instanceof UsageError) return new Problem(400, reportOf(error))
  const { status, report } = problemOf(error)
  return new Problem(status, report)
}
