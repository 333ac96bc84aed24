import type { LineSink } from '../operations/node/logs.ts'
import type { CliContext } from './context.ts'
import { tsvLine } from './output.ts'
import { write } from './streams.ts'
import { PLAIN, colors, wantsColor } from './style.ts'
import { logRow, logText } from './views/node-logs.ts'

/** Formats in which lines can be printed as they come. */
export const LIVE_FORMATS = ['table', 'tsv', 'ndjson'] as const

/**
 * Prints followed lines on stdout as they come, in the asked-for format.
 * @param several whether a person needs the node's name before each line
 */
export async function liveLog(context: CliContext, several: boolean): Promise<LineSink> {
  const { streams, env, format } = context
  const terminal = streams.stdout.isTTY === true
  const style = wantsColor(env, terminal) ? await colors() : PLAIN
  let closed = false
  streams.stdout.once('error', () => (closed = true)).once('close', () => (closed = true))
  return {
    get closed() {
      return closed
    },
    async write(lines) {
      const text = lines.map((line) => {
        if (format === 'ndjson') return JSON.stringify(line)
        return format === 'tsv' || (format === undefined && !terminal) ? tsvLine(logRow(line)) : logText(line, several, style)
      })
      if (!closed) await write(streams.stdout, text.map((line) => `${line}\n`).join(''))
    },
  }
}
