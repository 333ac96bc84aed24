/** How many of the closest names are worth suggesting. */
const SUGGESTIONS = 3
const WORD_END = /[-_ ]/

/**
 * The known names a mistyped one may have meant, closest first: a typing mistake or two away, beginning alike, or of the
 * typed one's words with more between them.
 * @param word what was typed
 */
export function nearNames(word: string, known: Iterable<string>): readonly string[] {
  const typed = word.toLowerCase()
  const bound = Math.min(2, Math.ceil(typed.length / 3))
  const near: { readonly name: string; readonly distance: number }[] = []
  for (const name of known) {
    const lower = name.toLowerCase()
    const close = editDistance(typed, lower, bound)
    if (close !== undefined) near.push({ name, distance: close })
    else if (typed.length >= 2 && (lower.startsWith(typed) || hasWords(lower, typed))) near.push({ name, distance: 3 })
  }
  return near
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name)
}

/** Whether the words of a name of several, `dns-timeout`, are among those of another, in this order: `dns-lookup-timeout`. */
function hasWords(name: string, typed: string): boolean {
  const wanted = typed.split(WORD_END)
  let found = 0
  for (const word of name.split(WORD_END)) if (word === wanted[found]) found++
  return wanted.length > 1 && found === wanted.length
}

/** Levenshtein distance of two words, or undefined when it is over the bound. */
function editDistance(a: string, b: string, bound: number): number | undefined {
  if (Math.abs(a.length - b.length) > bound) return undefined
  let before = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const now = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      now.push(Math.min((before[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1, (before[column - 1] ?? 0) + same))
    }
    before = now
  }
  const distance = before[b.length] ?? 0
  return distance <= bound ? distance : undefined
}
