/** A name in parts: texts at even places, numbers (or folded numbers) at odd ones. */
type Parts = readonly string[]

/** A number as short as patterns can count with (see pattern.ts); a longer one is text. */
const NUMBER = /((?<!\d)\d{1,15}(?!\d))/

/**
 * Names as a node set, as short as it gets by their numbers: mx01 … mx38 and mx40 are `mx[01-38,40]`. Names with several
 * numbers fold in each of them. `expand` gives the same names again, sorted.
 */
export function foldNames(names: readonly string[]): string {
  let all: readonly Parts[] = [...new Set(names)].map((name) => name.split(NUMBER))
  const most = all.reduce((sum, { length }) => Math.max(sum, length), 1)
  for (let place = most - (most % 2 === 0 ? 1 : 2); place > 0; place -= 2) all = foldAt(all, place)
  return all
    .map((parts) => parts.join(''))
    .toSorted(byNumber)
    .join(',')
}

/** Folds what differs in nothing but one number. */
function foldAt(all: readonly Parts[], place: number): readonly Parts[] {
  const groups = new Map<string, { readonly parts: Parts; readonly numbers: string[] }>()
  for (const parts of all) {
    const number = parts[place]
    const key = JSON.stringify(number === undefined ? parts : parts.with(place, '#'))
    const group = groups.get(key) ?? { parts, numbers: [] }
    if (number !== undefined) group.numbers.push(number)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ parts, numbers }) =>
    numbers.length < 2 ? parts : parts.with(place, `[${rangesOf(numbers).join(',')}]`),
  )
}

/**
 * Runs of numbers; 8, 9, 10 and 08, 09 are two runs, as their zeros differ, and so are 01-99 and 100: a range that is filled
 * up with zeros has one width.
 */
function rangesOf(numbers: readonly string[]): readonly string[] {
  const sorted = numbers.toSorted((a, b) => Number(a) - Number(b) || a.length - b.length)
  const left = new Set(sorted)
  return sorted.flatMap((first) => {
    if (!left.delete(first)) return []
    const filled = first.length > 1 && first.startsWith('0')
    let last = first
    for (let next = following(last); !(filled && next.length > first.length) && left.delete(next); next = following(next)) {
      last = next
    }
    return [first === last ? first : `${first}-${last}`]
  })
}

/** The next number, filled up with zeros like this one. */
function following(number: string): string {
  return String(Number(number) + 1).padStart(number.length, '0')
}

/** mx9 before mx10. */
export function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : Number(a > b))
}
