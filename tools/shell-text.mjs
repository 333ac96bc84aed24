// Shell scripts travel whole, with every operation, to every node: the bundle carries them without comments and
// indentation. What is inside quotes and here-documents is left as it is. test/unit/tools/shell-text.test.ts has bash
// compare what it reads before and after.

/** The same script in fewer bytes. */
export function compact(text) {
  const kept = []
  let state = { quote: '', heredoc: undefined, continued: false }
  for (const line of text.split('\n')) {
    const free = state.quote === '' && state.heredoc === undefined && !state.continued
    const short = free ? line.trimStart() : line
    if (free && (short === '' || short.startsWith('#'))) continue
    kept.push(short)
    state = after(state, line)
  }
  return `${kept.join('\n')}\n`
}

/** What a line leaves open: a quote, a here-document, or a backslash at its end. */
function after({ quote, heredoc }, line) {
  if (heredoc !== undefined) {
    const end = (heredoc.tabs ? line.replace(/^\t+/, '') : line) === heredoc.word
    return { quote: '', heredoc: end ? undefined : heredoc, continued: false }
  }
  let open = quote
  let begun
  let escaped = false
  for (let at = 0; at < line.length; at++) {
    const char = line[at]
    escaped = false
    if (open === "'") {
      if (char === "'") open = ''
    } else if (char === '\\') {
      at++
      escaped = at >= line.length
    } else if (open === '"') {
      if (char === '"') open = ''
    } else if (char === "'" || char === '"') open = char
    else if (char === '#' && (at === 0 || /[\s;&|()]/.test(line[at - 1]))) break
    else if (char === '<') begun ??= /^<<(-?)\s*(['"]?)(\w+)\2/.exec(line.slice(at)) ?? undefined
  }
  const next = begun === undefined ? undefined : { word: begun[3], tabs: begun[1] === '-' }
  return { quote: open, heredoc: open === '' ? next : undefined, continued: escaped }
}
