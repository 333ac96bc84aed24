import { UsageError } from '../../outcome/errors.ts'
import { expandPattern, MOST_NAMES, SetSyntaxError } from './pattern.ts'

/** Where the names of `@group`, `@file:PATH` and `-` come from. */
export interface SetSources {
  /** A group's own node set; undefined: there is no such group. */
  readonly group: (name: string) => string | undefined
  /** What a file (or, for `-`, stdin) holds; it was read before. */
  readonly text: (source: string) => string
}

/** What a node set names. */
export interface NodeNames {
  /** Each once, in the order written. */
  readonly names: readonly string[]
  /** What was taken away by `!`: a typo there would act on what was meant to be left out. */
  readonly without: readonly string[]
}

type Operator = ',' | '!' | '&' | '^'

interface Term {
  readonly operator: Operator
  readonly operand: string
  readonly at: number
}

/** Where names that are not in the text itself come from: `@file:failed.txt` and `-`. */
const FILE = '@file:'

/**
 * The names of a node set: patterns (`mx[01-40/2]`), `@group`, `@file:PATH` and `-`, joined by `,` (union), `!` (minus),
 * `&` (both) and `^` (one of them), which are all of the same rank and taken from left to right, as ClusterShell does.
 * @throws UsageError that says where in the text
 */
export function readNodeSet(text: string, sources: SetSources): NodeNames {
  return readSet(text, sources, [])
}

/** The files (and `-` for stdin) that a node set takes names from. */
export function filesOf(text: string): readonly string[] {
  return termsOf(text).flatMap(({ operand }) => (operand === '-' || operand.startsWith(FILE) ? [operand] : []))
}

/** The groups that a node set names. */
export function groupsOf(text: string): readonly string[] {
  return termsOf(text).flatMap(({ operand }) => (isGroup(operand) ? [operand.slice(1)] : []))
}

function isGroup(operand: string): boolean {
  return operand.startsWith('@') && !operand.startsWith(FILE)
}

/** @param inside the groups that led here */
function readSet(text: string, sources: SetSources, inside: readonly string[]): NodeNames {
  let names = new Set<string>()
  const without = new Set<string>()
  for (const { operator, operand, at } of termsOf(text)) {
    const right = operandOf(operand, at, { text, sources, inside })
    for (const name of right.without) without.add(name)
    if (operator === '!') for (const name of right.names) without.add(name)
    names = joined(names, operator, new Set(right.names))
    if (names.size > MOST_NAMES) throw refusal(text, new SetSyntaxError(`more than ${MOST_NAMES} names`, at))
  }
  return { names: [...names], without: [...without] }
}

function joined(left: ReadonlySet<string>, operator: Operator, right: ReadonlySet<string>): Set<string> {
  const only = (some: ReadonlySet<string>, test: (name: string) => boolean): readonly string[] => [...some].filter(test)
  switch (operator) {
    case ',':
      return new Set([...left, ...right])
    case '!':
      return new Set(only(left, (name) => !right.has(name)))
    case '&':
      return new Set(only(left, (name) => right.has(name)))
    case '^':
      return new Set([...only(left, (name) => !right.has(name)), ...only(right, (name) => !left.has(name))])
  }
}

function operandOf(
  operand: string,
  at: number,
  { text, sources, inside }: { readonly text: string; readonly sources: SetSources; readonly inside: readonly string[] },
): NodeNames {
  if (operand === '-' || operand.startsWith(FILE)) return linesOf(sources.text(operand), sources, inside)
  if (isGroup(operand)) return groupOf(operand.slice(1), sources, inside)
  try {
    return { names: expandPattern(operand, at), without: [] }
  } catch (error) {
    throw refusal(text, error)
  }
}

function groupOf(name: string, sources: SetSources, inside: readonly string[]): NodeNames {
  if (inside.includes(name)) {
    throw new UsageError(`the group ${name} holds itself: ${[...inside.slice(inside.indexOf(name)), name].join(' -> ')}`, {
      hints: [`set it anew: akctl groups set ${name} NODES`],
    })
  }
  const set = sources.group(name)
  if (set !== undefined) return readSet(set, sources, [...inside, name])
  throw new UsageError(`there is no group ${name}`, {
    hints: ['akctl groups list shows those of this profile', `make it: akctl groups set ${name} NODES`],
  })
}

/** A node set a line, `#` begins a comment. */
function linesOf(content: string, sources: SetSources, inside: readonly string[]): NodeNames {
  const lines = content.split('\n').map((line) => line.replace(/#.*/, '').trim())
  const sets = lines
    .filter((line) => line !== '')
    .map((line) => {
      if (filesOf(line).length === 0) return readSet(line, sources, inside)
      throw new UsageError(`a file of nodes cannot name another file: ${line}`)
    })
  return { names: [...new Set(sets.flatMap(({ names }) => names))], without: sets.flatMap(({ without }) => without) }
}

/** The operands with the operator before each; the first has a union. */
function termsOf(text: string): readonly Term[] {
  const terms: Term[] = []
  let operator: Operator = ','
  let from = 0
  let depth = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '[') depth++
    if (char === ']') depth--
    const ends = char === undefined || (depth <= 0 && (char === ',' || char === '!' || char === '&' || char === '^'))
    if (!ends) continue
    const operand = text.slice(from, at).trim()
    if (operand === '') throw refusal(text, new SetSyntaxError(emptyWords(char, operator, terms.length), at + 1))
    terms.push({ operator, operand, at: from + 1 })
    if (char !== undefined) operator = char
    from = at + 1
  }
  return terms
}

function emptyWords(next: string | undefined, operator: Operator, before: number): string {
  if (before > 0 && next === undefined) return `nothing after '${operator}'`
  return next === undefined ? 'nothing in it' : `nothing before '${next}'`
}

function refusal(text: string, error: unknown): unknown {
  if (!(error instanceof SetSyntaxError)) return error
  return new UsageError(`'${text}' is no set of nodes: ${error.message} (character ${error.at})`, {
    hints: ["a set is like 'mx[01-40]', '@group', 'mx[1-9]!mx7': akctl help nodes select"],
  })
}
