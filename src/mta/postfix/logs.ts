import type { Feed } from '../../script/script.ts'
import type { Installation, LogQuery } from '../driver.ts'
import type { LogLevel, LogRecord } from '../logs.ts'
import logsText from './logs.sh'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = 86_400

const MARK = /^akctl-[0-9a-f]{16} (begin|end \d+)$/
const CLOCK = /^akctl-clock (\d+) ([+-])(\d\d)(\d\d) ?(.*)$/
/** `Nov 24 04:50:53 host name/program[1]: text`: maillog and syslog, with neither year nor zone. */
const MAILLOG = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (.*)$/s
/** `2026-11-24T04:50:53.123456+00:00 host …`: rsyslog's own form. */
const RSYSLOG = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (.*)$/s
/** `1795496839.123456 host …`: the journal. */
const JOURNAL = /^(\d{9,11}\.\d{1,6}) (.*)$/s
/** After the program's name and pid, Postfix's own word for how bad it is: postlog(1). */
const LEVEL = /^\S+ \S+\[\d+\]: (?:(?:warning|error|fatal|panic)(?=:))/

/** The node's clock, as the first line tells it. */
interface Clock {
  /** Seconds since 1970. */
  readonly now: number
  /** Seconds the node's zone is ahead of UTC now; lines from before a change to or from summer time are off by it. */
  readonly ahead: number
  /** What must be in a line of a shared log; empty for a log of its own. */
  readonly name: string
}

/** The log of one Postfix, across rotation. */
export function postfixLogs(installation: Installation, query: LogQuery): Feed<LogRecord> {
  let clock: Clock = { now: Date.now() / 1000, ahead: 0, name: '' }
  return {
    name: 'postfix logs',
    text: [logsText],
    args: [installation.directory, String(query.lines), query.follow ? 'yes' : 'no'],
    parse: (line) => {
      const told = readClock(line)
      if (told !== undefined) clock = told
      if (told !== undefined || line === '' || MARK.test(line)) return undefined
      if (clock.name !== '' && !line.includes(` ${clock.name}/`)) return undefined
      const record = readLine(line, clock)
      const old = query.since !== undefined && record.at !== undefined && record.at < query.since * 1000
      return old ? undefined : record
    },
  }
}

function readClock(line: string): Clock | undefined {
  const match = CLOCK.exec(line)
  if (match === null) return undefined
  const [, now, sign, hours, minutes, name = ''] = match
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1)
  return { now: Number(now), ahead, name }
}

function readLine(line: string, clock: Clock): LogRecord {
  const maillog = MAILLOG.exec(line)
  if (maillog !== null) return record(maillog[6] ?? '', dateOf(maillog, clock))
  const [, iso, text] = RSYSLOG.exec(line) ?? []
  if (iso !== undefined) return record(text ?? '', Date.parse(iso))
  const [, seconds, rest] = JOURNAL.exec(line) ?? []
  return seconds === undefined ? record(line, undefined) : record(rest ?? '', Math.round(Number(seconds) * 1000))
}

function record(text: string, at: number | undefined): LogRecord {
  const word = LEVEL.exec(text)?.[0].split(' ').at(-1)
  const level = (word === undefined ? 'info' : word === 'panic' ? 'fatal' : word) as LogLevel
  return at === undefined || Number.isNaN(at) ? { level, text } : { at, level, text }
}

/** The year is the newest in which the line is not of the future (a day's grace: a clock may have been set back). */
function dateOf([, month = '', day, hour, minute, second]: RegExpExecArray, clock: Clock): number | undefined {
  const index = MONTHS.indexOf(month)
  if (index < 0) return undefined
  const year = new Date((clock.now + clock.ahead) * 1000).getUTCFullYear()
  const inYear = (y: number): number =>
    Date.UTC(y, index, Number(day), Number(hour), Number(minute), Number(second)) / 1000 - clock.ahead
  const latest = [year + 1, year].find((y) => inYear(y) <= clock.now + DAY) ?? year - 1
  return inYear(latest) * 1000
}
