import type { Selection } from '../../fleet/select.ts'
import type { Done } from '../../fleet/fan-out.ts'
import type { LogQuery } from '../../mta/driver.ts'
import { LOG_LEVELS, type LogLevel, type LogRecord, type LogSource } from '../../mta/logs.ts'
import { ConflictError, FailedError, UnreachableError, UsageError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { clockOffset } from './clock.ts'
import { loadFleet } from '../run/fleet.ts'
import { HeldLines } from './held-lines.ts'
import { LineFlow, type LineSink } from './line-flow.ts'
import { mergeLines, NodeTimeline, Overlap, type LogLine } from './log-merge.ts'
import type { Session } from '../run/session.ts'
import { visit } from '../run/visit.ts'

/** Lines looked through for those that match, or for those since a time, when no number was given. */
const DEEP = 100_000

/** Lines shown when neither a number nor a time was given. */
const SHORT = 100

/** Lines that following reads again after a look back, so that none is lost in between. */
const OVERLAP = 1000

/** Milliseconds a followed line is held back, so that several nodes come out in time order. */
const LAG = 700

/** Which lines of which logs. */
export interface LogRequest {
  readonly source: LogSource
  /** The last so many (that match). */
  readonly lines: number | undefined
  /** Milliseconds since 1970 by this machine's clock. */
  readonly since: number | undefined
  /** This level and worse. */
  readonly level: LogLevel | undefined
  readonly grep: RegExp | undefined
}

/**
 * Reads `--grep`.
 * @throws UsageError for a pattern that is none
 */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UsageError(`--grep: ${error instanceof Error ? error.message : String(error)}`, {
      hints: ["it is a regular expression; put a backslash before what is meant literally: '\\[' or '\\('"],
    })
  }
}

/** The last lines of every selected node's log, merged by time. */
export async function readLogs(
  context: Context,
  selection: Selection,
  concurrency: number,
  request: LogRequest,
): Promise<{ readonly lines: readonly LogLine[]; readonly nodes: readonly NodeOutcome<undefined>[] }> {
  const fleet = await loadFleet(context, selection)
  const several = fleet.nodes.length > 1
  const wanted = request.lines ?? (request.since === undefined ? SHORT : DEEP)
  const held = new HeldLines(wanted)
  const nodes = await visit<undefined>(context, fleet, { concurrency }, { kind: 'read' }, async (session) => {
    const { query, timeline } = await prepare(session, request, { several, follow: false, lines: wanted })
    const add = held.node(session.node.name)
    for await (const record of session.connection.logs(query)) {
      if (matches(record, request)) add(timeline.place(record))
    }
    return context.signal.aborted ? { outcome: 'cancelled' } : { outcome: 'ok' }
  })
  if (held.cut.length > 0) {
    const less = 'ask for less: -n, a later --since, --grep, or fewer nodes'
    context.warn(`more lines than can be held at once: the oldest of ${held.cut.join(', ')} were left out; ${less}`)
  }
  return { lines: mergeLines(held.all()), nodes }
}

/**
 * Follows every selected node's log until Ctrl-C, a reader that has gone, or the end of the last node. A node that
 * fails is reported at once, and the others go on.
 * @param openSink where lines go; told whether they are of several nodes
 */
export async function followLogs(
  context: Context,
  selection: Selection,
  request: LogRequest,
  openSink: (several: boolean) => Promise<LineSink>,
): Promise<readonly NodeOutcome<undefined>[]> {
  const fleet = await loadFleet(context, selection)
  const several = fleet.nodes.length > 1
  const sink = await openSink(several)
  const flow = new LineFlow(sink, several ? LAG : 0, () => context.clock().getTime(), context.signal)
  const lines = request.lines ?? (request.since === undefined ? 10 : DEEP)
  const work = async (session: Session): Promise<Done<undefined>> => {
    const { query, timeline } = await prepare(session, request, { several, follow: true, lines })
    const add = (record: LogRecord): Promise<void> => flow.add(timeline.place(record))
    const known = isFiltered(request) && lines < DEEP ? await lookBack(session, query, request, add) : undefined
    for await (const record of session.connection.logs(known === undefined ? query : { ...query, lines: OVERLAP })) {
      if (flow.closed) return { outcome: 'ok' }
      if (known?.has(record) !== true && matches(record, request)) await add(record)
    }
    if (context.signal.aborted || sink.left.aborted) return { outcome: 'cancelled' }
    throw new UnreachableError('the log ended by itself: the connection was lost, or its reader was killed on the node')
  }
  try {
    const onNode = (outcome: NodeOutcome<unknown>): void => {
      reportLoss(context, outcome, several)
    }
    const width = { concurrency: fleet.nodes.length, onNode, unwatched: true, until: sink.left }
    const outcomes = await visit(context, fleet, width, { kind: 'read' }, work)
    if (context.signal.aborted) return outcomes
    return outcomes.map((each) => (each.outcome === 'cancelled' ? { node: each.node, outcome: 'ok' } : each))
  } finally {
    await flow.end()
  }
}

/** Before a log is followed: gives the last so many lines that match. @returns what following must leave out */
async function lookBack(
  { connection }: Session,
  query: LogQuery,
  request: LogRequest,
  add: (record: LogRecord) => Promise<void>,
): Promise<Overlap> {
  const found: LogRecord[] = []
  const end: LogRecord[] = []
  for await (const record of connection.logs({ ...query, lines: DEEP, follow: false })) {
    if (matches(record, request)) found.push(record)
    if (found.length > 2 * query.lines) found.splice(0, found.length - query.lines)
    end.push(record)
    if (end.length > 2 * OVERLAP) end.splice(0, OVERLAP)
  }
  for (const record of found.slice(Math.max(0, found.length - query.lines))) await add(record)
  return new Overlap(end)
}

function reportLoss(context: Context, { node, error }: NodeOutcome<unknown>, several: boolean): void {
  if (error !== undefined && several && !context.signal.aborted) context.warn(`${node}: ${error.message}; the others go on`)
}

function isFiltered({ level, grep }: LogRequest): boolean {
  return level !== undefined || grep !== undefined
}

function matches({ level, text }: LogRecord, request: LogRequest): boolean {
  if (request.level !== undefined && LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(request.level)) return false
  return request.grep?.test(text) ?? true
}

interface Plan {
  readonly several: boolean
  readonly follow: boolean
  readonly lines: number
}

/** The query in the node's own time. Its clock is asked only where it matters: several nodes, or a time to begin at. */
async function prepare(
  session: Session,
  request: LogRequest,
  { several, follow, lines }: Plan,
): Promise<{ readonly query: LogQuery; readonly timeline: NodeTimeline }> {
  const { node } = session
  if (request.source === 'agent' && node.access !== 'https') {
    throw new FailedError(`access is ${node.access}: there is no agent, and so no log of one`)
  }
  const ahead = several || request.since !== undefined ? await aheadOf(session) : 0
  const query = {
    source: request.source,
    lines: isFiltered(request) && !follow ? Math.max(lines, DEEP) : lines,
    follow,
    ...(request.since === undefined ? {} : { since: Math.floor((request.since + ahead) / 1000) }),
  }
  return { query, timeline: new NodeTimeline(node.name, ahead) }
}

async function aheadOf({ context, connection, node }: Session): Promise<number> {
  if (node.access === 'local') return 0
  try {
    const now = (): number => context.clock().getTime()
    const { ahead } = await clockOffset(async () => (await connection.status()).clock, now)
    if (ahead === 0) return 0
    const seconds = Math.round(Math.abs(ahead) / 1000)
    context.note(`${node.name}: its clock is ${seconds} s ${ahead > 0 ? 'ahead' : 'behind'}; the times shown are corrected`)
    return ahead
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    return 0 // a record of a newer akctl: its logs can be read all the same
  }
}
