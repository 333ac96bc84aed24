import { UsageError } from '../outcome/errors.ts'

/** Whether a node's labels match. */
export type LabelTest = (labels: Readonly<Record<string, string>>) => boolean

const KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/

/**
 * Reads a label selector: comma-separated terms that must all hold: `role=relay`, `env!=prod` (true too for a node
 * without the label), `role` (has it), `!role` (has it not).
 * @throws {@link UsageError} that names the term and the forms allowed
 */
export function parseSelector(text: string): LabelTest {
  const tests = text.split(',').map((term) => parseTerm(term.trim(), text))
  return (labels) => tests.every((test) => test(labels))
}

function parseTerm(term: string, whole: string): LabelTest {
  const match = /^(!?)([^=!]+?)(?:\s*(!=|==?)\s*(.*))?$/.exec(term)
  const [, not, key = '', operator, value = ''] = match ?? []
  if (match === null || !KEY.test(key) || (not === '!' && operator !== undefined)) {
    throw new UsageError(`the selector '${whole}' has a term akctl does not understand: '${term}'`, {
      hints: ["terms are key=value, key!=value, key or !key, separated by commas: -l 'role=relay,env!=prod'"],
    })
  }
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key) !== (not === '!')
  if (operator === '!=') return (labels) => own(labels, key) !== value
  return (labels) => own(labels, key) === value
}

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
