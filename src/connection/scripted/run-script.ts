import { ANSWER_LIMIT, type Script } from '../../script/script.ts'
import { failureOf, frame } from '../../script/answer.ts'
import { programOf } from '../../script/program.ts'
import {
  AkctlError,
  CancelledError,
  FailedError,
  NodeError,
  TimeoutError,
  UnknownOutcomeError,
  UnreachableError,
} from '../../outcome/errors.ts'
import type { End, Host, RunResult } from '../host.ts'
import { refusalOf } from '../refusal.ts'

const OVERFLOW = `the answer is over the limit of ${ANSWER_LIMIT} bytes and was cut off`

/** How one script is run. */
export interface ScriptRun {
  /** Seconds until a run counts as timed out. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/**
 * Runs a script on a host and reads its answer.
 * @throws a NodeError: the script's own failure, a refusal, or (its end not seen) `unknown` for a changing script
 * and `unreachable`/`timeout`/`cancelled` for a reading one
 */
export async function runScript<T>(host: Host, script: Script<T>, options: ScriptRun): Promise<T> {
  const program = prepared(() => programOf(script))
  const { payload } = script
  const result = await host.run(program.text, { ...options, ...(payload === undefined ? {} : { payload }) })
  const framed = frame(result.stdout, program.mark)
  const where = `${script.name} on ${host.label}`
  if (framed.kind === 'whole') {
    if (framed.answer.status !== 0) throw failureOf(framed.answer, where)
    return script.interpret(framed.answer)
  }
  if (framed.kind === 'nothing' && result.end.kind === 'exit' && !result.overflow) {
    throw refusalOf(where, 'script', result.end, result.stderr)
  }
  if (script.changes) throw unknownOf(result, where)
  if (result.overflow) throw new FailedError(`${where}: ${OVERFLOW}`)
  throw options.signal?.aborted === true ? new CancelledError(`${where}: cancelled`) : unfinishedOf(result.end, where)
}

/**
 * Does what comes before anything is sent.
 * @throws FailedError for values that no script can be made of: the outcome is known, as nothing was sent
 */
export function prepared<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) throw new FailedError(`nothing was sent: ${error.message}`, { cause: error })
    if (!(error instanceof AkctlError) || error instanceof NodeError) throw error
    throw new FailedError(`nothing was sent: ${error.message}`, { hints: error.hints, cause: error })
  }
}

function unknownOf({ end, overflow }: RunResult, where: string): UnknownOutcomeError {
  const why = overflow ? OVERFLOW : describeEnd(end)
  return new UnknownOutcomeError(`${where}: the order was sent, but its end was not seen (${why})`, {
    hints: ['the next command on this node finds out what became of it; or ask now: akctl mta status NODE'],
  })
}

function unfinishedOf(end: End, where: string): TimeoutError | UnreachableError | FailedError {
  if (end.kind === 'timeout') return new TimeoutError(`${where}: no answer within ${end.seconds} s`)
  if (end.kind === 'cut') return new UnreachableError(`${where}: the connection was lost (${end.why})`)
  return new FailedError(`${where}: ${describeEnd(end)}`)
}

function describeEnd(end: End): string {
  switch (end.kind) {
    case 'exit':
      return `the script ended early with status ${end.status}`
    case 'signal':
      return `the script was killed by ${end.signal}`
    case 'cut':
      return end.why
    case 'timeout':
      return `no answer within ${end.seconds} s`
  }
}
