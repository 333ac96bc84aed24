import { StringDecoder } from 'node:string_decoder'

/** A longer line is cut off: a node that prints no line break must not fill this machine's memory. In characters. */
export const LINE_LIMIT = 64 * 1024

/** The lines of a stream of bytes, without their ends (`\n` or `\r\n`); a last one without an end counts too. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const pieces = decoder.write(chunk).split('\n')
    const first = rest + (pieces.shift() ?? '')
    const last = pieces.pop()
    if (last === undefined) {
      rest = first.slice(0, LINE_LIMIT)
      continue
    }
    yield clean(first)
    for (const piece of pieces) yield clean(piece)
    rest = last.slice(0, LINE_LIMIT)
  }
  rest += decoder.end()
  if (rest !== '') yield clean(rest)
}

/** Lines whose end may turn out to be none. @param failure asked once they are over; what it gives is thrown */
export async function* linesThen(lines: AsyncIterable<string>, failure: () => Promise<Error | undefined>): AsyncIterable<string> {
  yield* lines
  const error = await failure()
  if (error !== undefined) throw error
}

function clean(line: string): string {
  return (line.endsWith('\r') ? line.slice(0, -1) : line).slice(0, LINE_LIMIT)
}
