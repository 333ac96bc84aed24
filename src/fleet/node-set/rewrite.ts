import { foldNames } from './fold.ts'
import { expandPattern } from './pattern.ts'
import { refusal, type Term, termsOf } from './terms.ts'

/**
 * A node set in which a node's name has changed, or is gone. What does not name the node stays as it was typed.
 * @param text a set that holds no files; empty for none
 * @param change a name's new name; undefined: it is gone
 * @returns undefined where no set says it: more than one operand on the right of `&`
 * @throws UsageError when the text is no node set
 */
export function rewriteNodeSet(text: string, change: (name: string) => string | undefined): string | undefined {
  let result = ''
  for (const term of text === '' ? [] : termsOf(text)) {
    const { operator } = term
    const operands = rewritten(text, term, change)
    if (result === '') {
      // What is taken from nothing, or shared with it, is nothing.
      if (operator === ',' || operator === '^') result = operands.join(',')
    } else if (operator === '&') {
      if (operands.length > 1) return undefined
      result = operands.length === 0 ? '' : `${result}&${operands.join('')}`
    } else {
      result += operands.map((each) => operator + each).join('')
    }
  }
  return result
}

/** One operand as those it becomes. */
function rewritten(text: string, { operand, kind, at }: Term, change: (name: string) => string | undefined): readonly string[] {
  if (kind !== 'pattern') return [operand]
  const names = expanded(text, operand, at)
  const after = names.map(change)
  if (after.every((name, index) => name === names[index])) return [operand]
  const folded = foldNames(after.filter((name) => name !== undefined))
  return folded === '' ? [] : termsOf(folded).map((term) => term.operand)
}

function expanded(text: string, pattern: string, at: number): readonly string[] {
  try {
    return expandPattern(pattern, at)
  } catch (error) {
    throw refusal(text, '', error)
  }
}
