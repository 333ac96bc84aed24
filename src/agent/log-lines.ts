import { LOG_LEVELS, type LogRecord } from '../mta/logs.ts'
import type { LogQuery } from '../mta/driver.ts'
import type { AgentLog } from './agent-log.ts'
import { whenAborted } from '../connection/when-aborted.ts'

/** Lines kept for a follower that does not keep up; what comes beyond them is counted and left out. */
const KEPT = 1000

/** The agent's own log as log records, oldest first; with `follow` until the signal ends it. */
export async function* agentLogRecords(log: AgentLog, query: LogQuery, signal: AbortSignal): AsyncIterable<LogRecord> {
  const coming = new Coming()
  // First follow, then look back, with nothing between: lines are written in this very process.
  const stop = query.follow ? log.follow((line) => coming.add(line)) : undefined
  const end = (): void => coming.end()
  whenAborted(signal, end)
  try {
    for (const line of log.last(query.lines)) {
      const record = recordOf(line)
      if (query.since === undefined || (record.at ?? 0) >= query.since * 1000) yield record
    }
    if (stop === undefined || signal.aborted) return
    for (let lines = await coming.take(); lines.length > 0; lines = await coming.take()) yield* lines.map(recordOf)
  } finally {
    stop?.()
    signal.removeEventListener('abort', end)
  }
}

/** Lines that came and were not taken yet. */
class Coming {
  private lines: string[] = []
  private lost = 0
  private ended = false
  private wake: (() => void) | undefined

  add(line: string): void {
    if (this.lines.length < KEPT) this.lines.push(line)
    else this.lost += 1
    this.wake?.()
  }

  end(): void {
    this.ended = true
    this.wake?.()
  }

  /** What came; waits for the first line. Empty when it is over. */
  async take(): Promise<readonly string[]> {
    while (this.lines.length === 0 && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve))
    const taken = this.lines
    if (this.lost > 0) taken.push(JSON.stringify({ level: 'warning', event: 'log', text: `${this.lost} lines were left out` }))
    this.lines = []
    this.lost = 0
    return taken
  }
}

/** A line of the file as a record: `event name=value …`; what is no line of ours is shown as it is. */
export function recordOf(line: string): LogRecord {
  const entry = entryOf(line)
  if (entry === undefined) return { level: 'info', text: line }
  const { at, level, event, ...facts } = entry
  const time = typeof at === 'string' ? Date.parse(at) : NaN
  const words = Object.entries(facts).map(([name, fact]) => `${name}=${word(fact)}`)
  return {
    ...(Number.isNaN(time) ? {} : { at: time }),
    level: LOG_LEVELS.find((known) => known === level) ?? 'info',
    text: [String(event), ...words].join(' '),
  }
}

function entryOf(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? { ...entry } : undefined
  } catch {
    return undefined
  }
}

function word(fact: unknown): string {
  return typeof fact === 'string' && /^[\w.:/@+[\]-]+$/.test(fact) ? fact : JSON.stringify(fact)
}
