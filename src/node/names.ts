import { UsageError } from '../outcome/errors.ts'

/** What carries a name that a person types. */
export type NameKind = 'node' | 'key' | 'profile' | 'group'

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/
const ONLY_DIGITS = /^[0-9]+$/

/** The rule for all names, in words. */
export const NAME_RULE =
  '1 to 63 characters of a-z, 0-9, dot, dash and underscore, the first a letter or a digit, and not digits only'

/**
 * Why a text is no name of this kind, or undefined when it is one. Names of digits only are kept free so that ids stay
 * unambiguous; capitals and brackets, so that names are file names everywhere and node sets can be written.
 */
export function nameProblem(kind: NameKind, text: string): string | undefined {
  if (!NAME.test(text) || ONLY_DIGITS.test(text)) return `"${text}" is no name for a ${kind}: give ${NAME_RULE}`
  if (kind !== 'key') return undefined
  if (text === 'agent') return '"agent" is no name for a key: it stands for the ssh-agent'
  return text.endsWith('.pub') ? `"${text}" is no name for a key: .pub is the ending of public key files` : undefined
}

/**
 * A name as typed, once it is known to be allowed.
 * @returns the text itself
 * @throws UsageError that says what is allowed
 */
export function checkName(kind: NameKind, text: string): string {
  const problem = nameProblem(kind, text)
  if (problem !== undefined) throw new UsageError(problem)
  return text
}
