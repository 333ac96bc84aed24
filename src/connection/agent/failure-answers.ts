import * as v from 'valibot'
import {
  ConflictError,
  type ErrorOptions,
  FailedError,
  type NodeError,
  UnauthorizedError,
  UnknownOutcomeError,
  UnreachableError,
} from '../../outcome/errors.ts'
import type { ErrorReport } from '../../outcome/outcome.ts'
import { errorOf, problem } from '../wire/problem.ts'
import type { Exchanged } from './exchange.ts'

/** One call, for its errors. */
export interface Asked {
  /** What was asked of whom: `sync on mx1 (https://203.0.113.5:4433)`. */
  readonly where: string
  /** The node's name, for commands in messages. */
  readonly node: string
  /** Whether an end that was not seen makes the outcome `unknown`. */
  readonly changes: boolean
}

type Answer = Pick<Extract<Exchanged, { kind: 'answer' }>, 'status' | 'headers' | 'text' | 'cut'>

/** What is kept of an agent's words: it may have been taken over. In characters, and lines. */
const WORDS = 2000
const LINES = 20

/** An order whose end was not seen. */
export function unseenEnd({ where }: Asked, why: string, options: ErrorOptions = {}): UnknownOutcomeError {
  return new UnknownOutcomeError(`${where}: the order was sent, but its end was not seen (${why})`, {
    hints: ['the next command on this node finds out what became of it; or ask now: akctl mta status NODE'],
    ...options,
  })
}

/**
 * The error for an answer that is not 2xx. What the agent says of itself counts; without a word that is known:
 * - 401, 403 and 429 are `unauthorized`. An agent answers 429 to addresses that showed it too many wrong keys, so that
 *   waiting helps only who has the right one; nothing was done.
 * - 409 is `conflict`, any other 4xx and a redirect `failed`: nothing was done.
 * - 5xx tells nothing of what became of an order.
 */
export function failureAnswer(asked: Asked, answer: Answer): NodeError {
  const { status } = answer
  const { where, node } = asked
  if (status >= 300 && status < 400) return redirected(asked, answer)
  const report = reportIn(answer)
  if (status === 401) {
    return new UnauthorizedError(`${where}: the agent does not accept the API key`, {
      ...(report === undefined ? {} : { detail: [report.message] }),
      hints: [
        `was the key rotated, or the agent set up by another profile? Make a new key: akctl nodes archive ${node} --rotate --out FILE`,
      ],
    })
  }
  if (status === 429) return tooMany(asked, answer, report)
  const known = report === undefined ? undefined : errorOf(report)
  if (known !== undefined) return asked.changes || !(known instanceof UnknownOutcomeError) ? known : failed(asked, report)
  if (status < 500) {
    const said = `${where}: ${report?.message ?? `the agent answered with status ${status}`}`
    const options = report === undefined ? {} : { hints: report.hints, detail: report.detail ?? [] }
    if (status === 403) return new UnauthorizedError(said, options)
    return status === 409 ? new ConflictError(said, options) : new FailedError(said, options)
  }
  const said = report?.message ?? `status ${status}`
  if (asked.changes) return unseenEnd(asked, `the agent failed: ${said}`)
  return status === 500 ? failed(asked, report) : new UnreachableError(`${where}: the agent can't answer just now (${said})`)
}

function failed({ where, node }: Asked, report: ErrorReport | undefined): FailedError {
  return new FailedError(`${where}: ${report?.message ?? 'the agent failed, and does not say why'}`, {
    hints: [`its log has more: akctl node logs ${node} --source agent`],
  })
}

function redirected({ where }: Asked, { status, headers }: Answer): FailedError {
  const to = typeof headers.location === 'string' ? ` to ${headers.location.slice(0, 200)}` : ''
  return new FailedError(`${where}: the agent answered with a redirect${to} (status ${status}), which is refused`, {
    hints: ['an agent never redirects: is it a proxy, or another program that has that port?'],
  })
}

function tooMany({ where }: Asked, { headers }: Answer, report: ErrorReport | undefined): NodeError {
  const wait = headers['retry-after']
  const when = typeof wait === 'string' && /^\d{1,6}$/.test(wait) ? `in ${wait} s` : 'later'
  const known = report === undefined ? undefined : errorOf(report)
  const hints = [`try again ${when}`, 'the agent limits an address that showed it wrong keys, and calls beyond what it can do']
  if (report !== undefined && known !== undefined && !(known instanceof UnknownOutcomeError)) {
    return errorOf({ ...report, hints: [...report.hints, ...hints] }) ?? known
  }
  return new UnauthorizedError(`${where}: the agent takes no calls from here just now; nothing was done`, { hints })
}

/** The report in an answer, with its texts cut to size; undefined when there is none that can be read. */
function reportIn({ text }: Answer): ErrorReport | undefined {
  const parsed = v.safeParse(problem, jsonOf(text))
  if (!parsed.success) return undefined
  const { kind, message, hints, detail } = parsed.output.error
  const capped = (lines: readonly string[]): string[] => lines.slice(0, LINES).map((line) => line.slice(0, WORDS))
  return {
    kind,
    message: message.slice(0, WORDS),
    hints: capped(hints),
    ...(detail === undefined ? {} : { detail: capped(detail) }),
  }
}

/** A JSON text's value; undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
