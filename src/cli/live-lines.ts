import { UsageError } from '../outcome/errors.ts'
import type { CliContext } from './context.ts'
import { tsvLine } from './output.ts'
import { write } from './streams.ts'
import { PLAIN, colors, wantsColor } from './style.ts'
import type { Style } from './views/view.ts'

/** Formats in which lines can be printed as they come. */
const LIVE_FORMATS = ['table', 'tsv', 'ndjson'] as const

/**
 * What has no end can't be one document.
 * @param what `a followed log`
 * @param instead what would have an end: `leave -f out`
 * @throws UsageError
 */
export function refuseDocuments({ format }: CliContext, what: string, instead: string): void {
  if (format === undefined || LIVE_FORMATS.some((live) => live === format)) return
  throw new UsageError(`${what} can't be printed as ${format}: that is one document, and it has no end`, {
    hints: ['give -o ndjson: one JSON object a line', `or ${instead}`],
  })
}

/** How one of them looks: its fields for scripts, and a line for a person. */
export interface LiveView<T> {
  row(line: T): readonly string[]
  text(line: T, style: Style): string
}

/** Where they go. */
export interface LiveSink<T> {
  write(lines: readonly T[]): Promise<void>
  /** Aborted once nobody reads any more. */
  readonly left: AbortSignal
}

/** Prints what comes on stdout, as it comes, in the asked-for format. */
export async function liveLines<T>(context: CliContext, view: LiveView<T>): Promise<LiveSink<T>> {
  const { streams, env, format } = context
  const terminal = streams.stdout.isTTY === true
  const style = wantsColor(env, terminal) ? await colors() : PLAIN
  const reader = new AbortController()
  const gone = (): void => reader.abort()
  streams.stdout.once('error', gone).once('close', gone)
  return {
    left: reader.signal,
    async write(lines) {
      const text = lines.map((line) => {
        if (format === 'ndjson') return JSON.stringify(line)
        return format === 'tsv' || (format === undefined && !terminal) ? tsvLine(view.row(line)) : view.text(line, style)
      })
      if (!reader.signal.aborted) await write(streams.stdout, text.map((line) => `${line}\n`).join(''))
    },
  }
}
