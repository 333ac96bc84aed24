import * as v from 'valibot'
import { usageProblem } from './problems.ts'

/** Most complaints named at once: a body of 64 KiB could hold thousands of wrong fields. */
const NAMED = 20

/**
 * What a schema makes of an input.
 * @throws Problem (400, `usage`) that names every field that does not fit, and repeats no value
 */
export function checked<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  throw usageProblem(complaint(result.issues))
}

/** The issues as one line: `settings.spool-writers: …; by: …`. */
function complaint(issues: readonly v.BaseIssue<unknown>[]): string {
  const words = issues.slice(0, NAMED).map((issue) => {
    const path = printable(v.getDotPath(issue) ?? '')
    return `${path === '' ? 'the request' : path}: ${reason(issue)}`
  })
  const more = issues.length - words.length
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** Values are left out: they would come back in answers and logs. */
function reason(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === 'never') return 'no such field'
  if (issue.expected?.startsWith('"') === true && issue.input === undefined) return 'missing'
  if (issue.kind === 'validation' && !issue.message.startsWith('Invalid ')) return issue.message
  if (issue.kind === 'validation') return `expected ${issue.expected ?? issue.type.replaceAll('_', ' ')}`
  return `expected ${issue.expected ?? issue.type}`
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?').slice(0, 128)
}
