import { UsageError } from '../outcome/errors.ts'

/** Whether a node's labels match. */
export type LabelTest = (labels: Readonly<Record<string, string>>) => boolean

const KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/

const FORMS = 'terms are key=value, key!=value, key in (a,b), key notin (a,b), key or !key, separated by commas'

/**
 * Reads a label selector: comma-separated terms that must all hold: `role=relay`, `env!=prod` and `env notin (prod,test)`
 * (true too for a node without the label), `env in (prod,test)`, `role` (has it), `!role` (has it not).
 * @throws {@link UsageError} that names the term and the forms allowed
 */
export function parseSelector(text: string): LabelTest {
  const tests = text.split(/,(?![^(]*\))/).map((term) => parseTerm(term.trim(), text))
  return (labels) => tests.every((test) => test(labels))
}

function parseTerm(term: string, whole: string): LabelTest {
  const test = listTerm(term) ?? plainTerm(term)
  if (test !== undefined) return test
  throw new UsageError(`the selector '${whole}' has a term akctl does not understand: '${term}'`, {
    hints: [`${FORMS}: -l 'role=relay,env!=prod'`],
  })
}

/** `env in (prod,test)`. */
function listTerm(term: string): LabelTest | undefined {
  const [, key = '', not, list = ''] = /^(\S+)\s+(not)?in\s*\(([^()]*)\)$/.exec(term) ?? []
  const values = list.split(',').map((value) => value.trim())
  if (!KEY.test(key) || values.includes('')) return undefined
  return (labels) => values.includes(own(labels, key) ?? '') === (not === undefined)
}

function plainTerm(term: string): LabelTest | undefined {
  const match = /^(!?)([^=!]+?)(?:\s*(!=|==?)\s*(.*))?$/.exec(term)
  const [, not, key = '', operator, value = ''] = match ?? []
  if (match === null || !KEY.test(key) || (not === '!' && operator !== undefined)) return undefined
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key) !== (not === '!')
  if (operator === '!=') return (labels) => own(labels, key) !== value
  return (labels) => own(labels, key) === value
}

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
