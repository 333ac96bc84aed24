import * as Flags from '@oclif/core/flags'
import { LOG_LEVELS, LOG_SOURCES, type LogLevel, type LogSource } from '../../../mta/logs.ts'
import type { LogLine } from '../../../operations/logs/log-merge.ts'
import { followLogs, parsePattern, readLogs, type LogRequest } from '../../../operations/logs/logs.ts'
import { parseSince } from '../../../operations/logs/since.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, selectionFlags } from '../../flags.ts'
import { liveLines, refuseDocuments } from '../../live-lines.ts'
import { nodesArg, selectionOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { logRow, logText, nodeLogsView } from '../../views/node-logs.ts'

export default class NodeLogs extends AkctlCommand {
  static override summary = 'show the log of nodes, several merged by time; -f follows'
  static override description =
    'Times are corrected by the clock of each node where it differs. The last 100 lines, or with --since all since then (100000 at most); with -f the last 10, then what comes, until Ctrl-C, of all nodes at once whatever -c says.'
  static override examples = [
    '<%= config.bin %> node logs mx1 -n 20',
    '<%= config.bin %> node logs --all --since 15m --level warning',
    "<%= config.bin %> node logs mx1 mx2 -f --grep 'status=deferred'",
    '<%= config.bin %> node logs mx1 -f -o ndjson',
  ]
  static override hiddenAliases = ['nodes:logs']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...connectionFlags,
    source: Flags.option({ options: LOG_SOURCES, summary: 'whose log', default: 'mta' as LogSource })(),
    follow: Flags.boolean({ char: 'f', summary: 'show what comes, until Ctrl-C' }),
    lines: Flags.integer({ char: 'n', summary: 'the last so many lines (that match) of each node', min: 0, max: 1_000_000 }),
    since: Flags.string({ summary: 'lines since then: 15m, 04:30, or 2026-11-24T04:30:00Z' }),
    level: Flags.option({ options: LOG_LEVELS, summary: 'this level and worse' })(),
    grep: Flags.string({ summary: 'only lines that match this regular expression' }),
  }

  protected readonly view = nodeLogsView

  protected async perform(context: CliContext): Promise<Report<readonly LogLine[], undefined>> {
    const { argv, flags } = await this.input(NodeLogs, context)
    const selection = selectionOf(argv, flags)
    const request = requestOf(flags, context.clock())
    if (!flags.follow) {
      const { lines, nodes } = await readLogs(context, selection, flags.concurrency, request)
      return { data: lines, nodes }
    }
    refuseDocuments(context, 'a followed log', 'leave -f out')
    const nodes = await followLogs(context, selection, request, (several) =>
      liveLines<LogLine>(context, { row: logRow, text: (line, style) => logText(line, several, style) }),
    )
    return { data: [], nodes }
  }
}

interface LogFlags {
  readonly source: LogSource
  readonly lines: number | undefined
  readonly since: string | undefined
  readonly level: LogLevel | undefined
  readonly grep: string | undefined
}

function requestOf({ source, lines, since, level, grep }: LogFlags, now: Date): LogRequest {
  return {
    source,
    lines,
    level,
    since: since === undefined ? undefined : parseSince(since, now),
    grep: grep === undefined ? undefined : parsePattern(grep),
  }
}
