import { ConflictError, FailedError, NodeLockedError, UnauthorizedError } from '../outcome/errors.ts'
import { Fields } from './fields.ts'

/** What a script that ran to its end gave back. */
export interface Answer {
  readonly status: number
  readonly fields: Fields
}

/** The framed part of a script's output, or how far it got. */
export type Framed =
  | { readonly kind: 'whole'; readonly answer: Answer }
  /** Begun, but the end mark is missing: the script was cut or killed. */
  | { readonly kind: 'begun' }
  /** Not even the begin mark: the shell, sudo or the login refused before the script ran. */
  | { readonly kind: 'nothing' }

/** Finds a script's answer between its marks; whatever login shells and banners print around it is dropped. */
export function frame(output: string, mark: string): Framed {
  const begin = output.indexOf(`\n${mark} begin\n`)
  if (begin < 0) return { kind: 'nothing' }
  const body = output.slice(begin + mark.length + 8)
  const end = body.indexOf(`\n${mark} end `)
  const status = /^\d+(?=\n)/.exec(end < 0 ? '' : body.slice(end + mark.length + 6))
  if (status === null) return { kind: 'begun' }
  return { kind: 'whole', answer: { status: Number(status[0]), fields: Fields.parse(body.slice(0, end)) } }
}

/**
 * The answer's own failure (see `fail` in prelude.sh) as an error.
 * @param where what ran where, for the message: `postfix status on mx1`
 */
export function failureOf(answer: Answer, where: string): FailedError | ConflictError | UnauthorizedError {
  const { fields } = answer
  const message = `${where}: ${fields.optional('message') ?? `the script ended with status ${answer.status}`}`
  const options = { detail: fields.all('detail'), hints: fields.all('hint') }
  const kind = fields.optional('failure')
  if (kind === 'locked') return new NodeLockedError(message, options)
  if (kind === 'conflict') return new ConflictError(message, options)
  if (kind === 'unauthorized') return new UnauthorizedError(message, options)
  return new FailedError(message, options)
}
