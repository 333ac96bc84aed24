import { UsageError } from '../../outcome/errors.ts'
import { SetSyntaxError } from './pattern.ts'

/** Union, minus, both, one of them: all of the same rank, taken from left to right. */
export type Operator = ',' | '!' | '&' | '^'

/** What an operand is: names with brackets, `@group`, `@file:PATH`, or `-` for stdin. */
export type Kind = 'pattern' | 'group' | 'file'

/** One operand with the operator before it; the first has a union. */
export interface Term {
  readonly operator: Operator
  readonly operand: string
  readonly kind: Kind
  /** Where the operand begins: the first character is 1. */
  readonly at: number
}

/** Where names that are not in the text itself come from: `@file:failed.txt`; `-` is stdin. */
const FILE = '@file:'

const OPERATORS: ReadonlySet<string | undefined> = new Set([',', '!', '&', '^'])

/**
 * The operands of a node set.
 * @param where what the text is part of, for errors: `, in the group prod`
 * @throws UsageError that says where in the text
 */
export function termsOf(text: string, where = ''): readonly Term[] {
  const terms: Term[] = []
  let operator: Operator = ','
  let from = 0
  let depth = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '[') depth++
    if (char === ']') depth--
    if (char !== undefined && (depth > 0 || !OPERATORS.has(char))) continue
    const rest = text.slice(from, at).trimStart()
    const begin = at - rest.length
    const operand = rest.trimEnd()
    if (operand === '') {
      throw refusal(text, where, new SetSyntaxError(emptyWords(char, operator, terms.length), at + 1))
    }
    terms.push({ operator, operand, kind: kindOf(operand), at: begin + 1 })
    if (char !== undefined) operator = char as Operator
    from = at + 1
  }
  return terms
}

function kindOf(operand: string): Kind {
  if (operand === '-' || operand.startsWith(FILE)) return 'file'
  return operand.startsWith('@') ? 'group' : 'pattern'
}

/** The files (and `-` for stdin) that a node set takes names from. */
export function filesOf(text: string): readonly string[] {
  return termsOf(text).flatMap(({ operand, kind }) => (kind === 'file' ? [operand] : []))
}

/** The path of a file's operand; undefined: stdin. */
export function pathOf(file: string): string | undefined {
  return file === '-' ? undefined : file.slice(FILE.length)
}

/** The groups that a node set names. */
export function groupsOf(text: string): readonly string[] {
  return termsOf(text).flatMap(({ operand, kind }) => (kind === 'group' ? [operand.slice(1)] : []))
}

function emptyWords(next: string | undefined, operator: Operator, before: number): string {
  if (before > 0 && next === undefined) return `nothing after '${operator}'`
  return next === undefined ? 'nothing in it' : `nothing before '${next}'`
}

/** How much of a set an error repeats. */
const SHOWN = 200

/** A syntax error as what is said of it; any other error as it is. */
export function refusal(text: string, where: string, error: unknown): unknown {
  if (!(error instanceof SetSyntaxError)) return error
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return new UsageError(`'${shown}' is no set of nodes: ${error.message} (character ${error.at}${where})`, {
    hints: ["a set is like 'mx[01-40]', '@group', 'mx[1-9]!mx7': akctl help nodes select"],
  })
}
