import type { Feed } from '../../script/script.ts'
import type { Installation, LogQuery } from '../driver.ts'
import type { LogLevel, LogRecord } from '../logs.ts'
import logsText from './logs.sh'

const LEVELS: Readonly<Record<string, LogLevel>> = {
  DATA: 'debug',
  PROTOCOL: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'notice',
  WARN: 'warning',
  ERROR: 'error',
  CRIT: 'fatal',
  ALERT: 'fatal',
  EMERG: 'fatal',
}

/** The prelude's own marks, which frame answers and not logs. */
const MARK = /^akctl-[0-9a-f]{16} (begin|end \d+)$/
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (.*)$/s
/** The level in Haraka's three formats: `[LEVEL] [uuid] …`, `level=LEVEL …`, `{"level":"LEVEL",…}`. */
const LEVEL = /^(?:\[|level=|\{"level":")([A-Z]+)\b/

/** The last lines of Haraka's log, the rotated one included where the new one is short; followed by name, across rotation. */
export function harakaLogs(installation: Installation, query: LogQuery): Feed<LogRecord> {
  const since = query.since === undefined ? '' : new Date(query.since * 1000).toISOString()
  return {
    name: 'haraka logs',
    text: [logsText],
    args: [installation.directory, query.source, String(query.lines), since, query.follow ? 'yes' : 'no'],
    parse: parseLine,
  }
}

/** One line as a record. A line without a time (a stack trace, a file's reload) belongs to what was before it. */
function parseLine(line: string): LogRecord | undefined {
  if (line === '' || MARK.test(line)) return undefined
  const [, time, text = line] = TIME.exec(line) ?? []
  const level = LEVELS[LEVEL.exec(text)?.[1] ?? ''] ?? 'info'
  return time === undefined ? { level, text } : { at: Date.parse(time), level, text }
}
