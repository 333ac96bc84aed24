/** More names than this are never meant: a typo must not eat the memory. */
export const MOST_NAMES = 100_000

/** Why a text is no node set, and where in it: the first character is 1. */
export class SetSyntaxError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message)
  }
}

/** One `1-40/2` of a bracket. */
interface Range {
  readonly first: number
  readonly last: number
  readonly step: number
  /** Digits to fill up to with zeros; 0: none. */
  readonly width: number
}

/**
 * All names of a pattern, in its order: `mx[01-03,7]` is mx01, mx02, mx03, mx7. Several brackets give every combination.
 * @param at where the pattern begins in what was typed, for errors
 * @throws SetSyntaxError
 */
export function expandPattern(pattern: string, at: number): readonly string[] {
  let names: readonly string[] = ['']
  let from = 0
  while (from < pattern.length) {
    const open = pattern.indexOf('[', from)
    const text = pattern.slice(from, open < 0 ? undefined : open)
    if (text.includes(']')) throw new SetSyntaxError("']' without a '[' before it", at + from + text.indexOf(']'))
    names = names.map((name) => name + text)
    if (open < 0) break
    const close = pattern.indexOf(']', open)
    if (close < 0) throw new SetSyntaxError("'[' without a ']' after it", at + open)
    const ranges = readRanges(pattern.slice(open + 1, close), at + open + 1)
    const count = ranges.reduce((sum, { first, last, step }) => sum + Math.floor((last - first) / step) + 1, 0)
    if (count * names.length > MOST_NAMES) throw new SetSyntaxError(`more than ${MOST_NAMES} names`, at)
    const numbers = ranges.flatMap(numbersOf)
    names = names.flatMap((name) => numbers.map((number) => name + number))
    from = close + 1
  }
  return names
}

function readRanges(text: string, at: number): readonly Range[] {
  let from = at
  return text.split(',').map((part) => {
    const range = readRange(part, from)
    from += part.length + 1
    return range
  })
}

function readRange(text: string, at: number): Range {
  const [, first = '', last = first, step = '1'] = /^(\d{1,15})(?:-(\d{1,15}))?(?:\/(\d{1,15}))?$/.exec(text) ?? []
  if (first === '') throw new SetSyntaxError(`'${text}' is no range: give 3, 1-40 or 1-40/2`, at)
  const padded = [first, last].some((number) => number.length > 1 && number.startsWith('0'))
  if (padded && first.length !== last.length) {
    throw new SetSyntaxError(`the ends of ${text} have not the same number of digits`, at)
  }
  const range = { first: Number(first), last: Number(last), step: Number(step), width: padded ? first.length : 0 }
  if (range.last < range.first) throw new SetSyntaxError(`${text} ends before it begins`, at)
  if (range.step === 0) throw new SetSyntaxError(`the step of ${text} is 0`, at)
  return range
}

function numbersOf({ first, last, step, width }: Range): readonly string[] {
  const numbers: string[] = []
  for (let number = first; number <= last; number += step) numbers.push(String(number).padStart(width, '0'))
  return numbers
}
