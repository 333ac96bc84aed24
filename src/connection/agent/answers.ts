import * as v from 'valibot'
import { CancelledError, FailedError, type NodeError, TimeoutError, UnreachableError } from '../../outcome/errors.ts'
import type { Exchanged } from './exchange.ts'
import { type Asked, failureAnswer, jsonOf, unseenEnd } from './failure-answers.ts'

/**
 * What an agent answered, or the error that decides the outcome.
 * @throws a NodeError: the agent's own, or for an end that was not seen `unknown` where the call changes something and
 * `unreachable`, `timeout` or `cancelled` where it reads
 */
export function answerOf<S extends v.GenericSchema>(asked: Asked, schema: S, exchanged: Exchanged): v.InferOutput<S> {
  if (exchanged.kind === 'none') throw withoutAnswer(asked, exchanged)
  const { status, text, cut } = exchanged
  if (status < 200 || status > 299) throw failureAnswer(asked, exchanged)
  if (cut !== undefined) throw cutOff(asked, cut)
  const parsed = v.safeParse(schema, jsonOf(text))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw unreadable(asked, `${v.getDotPath(issue) ?? 'the answer'}: ${issue.message.slice(0, 200)}`)
}

/** No answer began. */
export function withoutAnswer(asked: Asked, { end, sent, why }: Extract<Exchanged, { kind: 'none' }>): NodeError {
  const { where, changes } = asked
  if (changes && sent) return unseenEnd(asked, why)
  if (end === 'aborted') return new CancelledError(`${where}: cancelled`)
  if (end === 'timeout') return new TimeoutError(`${where}: ${why}`)
  if (end === 'broken') return unreadable(asked, why)
  return new UnreachableError(`${where}: the connection was lost (${why})`)
}

/** The answer began and did not end. */
export function cutOff(asked: Asked, why: string): NodeError {
  if (asked.changes) return unseenEnd(asked, why)
  if (why.includes('over the limit')) return new FailedError(`${asked.where}: ${why} and was cut off`)
  return new UnreachableError(`${asked.where}: the answer was cut off (${why})`)
}

/** What came back is nothing that an agent answers. */
function unreadable(asked: Asked, why: string): NodeError {
  if (asked.changes) return unseenEnd(asked, `its answer can't be read: ${why}`)
  return new FailedError(`${asked.where}: the answer can't be read (${why})`, {
    hints: ['is it an agent of akctl that has that port, and of a release that goes with this one?'],
  })
}
