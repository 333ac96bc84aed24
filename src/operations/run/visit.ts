import { setMaxListeners } from 'node:events'
import { FailBudget } from '../../fleet/fail-budget.ts'
import { doneOf, fanOut, type Done } from '../../fleet/fan-out.ts'
import type { Share } from '../../fleet/share.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { NodeOutcome, Outcome } from '../../outcome/outcome.ts'
import type { AgentConnection } from '../../connection/agent/agent-connection.ts'
import type { Host } from '../../connection/host.ts'
import type { NodeConnection } from '../../connection/port.ts'
import { connectionOver, noScripts, openAgent, openHost } from '../connector.ts'
import type { Context, Opener, RunProgress } from '../context.ts'
import { Lookups } from '../lookups.ts'
import { checkAnswers, checkEnvironment } from './answers.ts'
import { Endings } from './endings.ts'
import type { Fleet } from './fleet.ts'
import type { KeptLeases } from './kept-leases.ts'
import { OrderGuard } from './order-guard.ts'
import { inParts, ONE_NODE, type Parts } from './parts.ts'
import { Session } from './session.ts'
import { settlePending } from './settle.ts'

/** How wide a run is, when it stops, and who is told of its nodes. */
export interface Width {
  /** Nodes at work at the same time. */
  readonly concurrency: number
  /** Failures, of the whole selection, after which no new node is started. */
  readonly maxFail?: Share | undefined
  /** Told of each node as soon as its outcome is known. */
  readonly onNode?: ((outcome: NodeOutcome<unknown>) => void) | undefined
  /** Not shown while it goes on: it prints as it goes, or has no end. */
  readonly unwatched?: boolean
  /** Ends the run as Ctrl-C does. */
  readonly until?: AbortSignal
  /** What connects, where a command comes back to its nodes. */
  readonly opener?: Opener | undefined
}

/** Looks away. */
const UNWATCHED: RunProgress = {
  started: () => undefined,
  settled: () => undefined,
  part: () => undefined,
  end: () => undefined,
}

/** What the visits of one run have in common, also of a run in several parts. */
export interface Shared {
  /** Reads keys and trust, and asks for a passphrase, only once. */
  readonly opener: Opener
  readonly budget: FailBudget
  readonly endings: Endings
  readonly progress: RunProgress
  /** Whether an unknown identity may be asked about: when the whole run is one node. */
  readonly ask: boolean
  /** Says, once, that Ctrl-C has come while orders are under way. */
  readonly onGrace: () => void
}

/** Changes: refused while an earlier order is still at work; every node gets a line in the journal. */
export interface Change {
  readonly kind: 'change'
  readonly verb: string
  readonly reason?: string | undefined
  /** Keeps the leases that orders take; none: they go with each order. */
  readonly leases?: KeptLeases | undefined
}

/** What a run does to nodes. */
export type Purpose =
  /**
   * Reads; an order that is still at work on a node is only mentioned.
   * `partly`: what can't be asked about is left out, so that secrets which do not open are no reason to ask nobody.
   */
  | { readonly kind: 'read'; readonly partly?: true }
  /** Reads, again and again: what became of orders is left to others, whose orders may just be under way. */
  | { readonly kind: 'look' }
  | Change

/**
 * Connects to every node of a fleet, finds out what became of an earlier order whose end was not seen, and works.
 * An unknown identity may be asked about when the fleet is one node.
 * @returns one outcome a node, in the order of the selection; what fails on a node is its outcome
 * @throws before anything is done on any node: as checkAnswers
 */
export function visit<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session) => Promise<Done<T>>,
): Promise<readonly NodeOutcome<T>[]> {
  return whole(context, fleet, width, purpose, (shared) => visitPart(context, fleet, width, purpose, work, shared))
}

/** Does a run with what its parts have in common. @throws as visit, before anything is done on any node */
export async function whole<R>(
  context: Context,
  { nodes, profile }: Pick<Fleet, 'nodes' | 'profile'>,
  { maxFail, unwatched, opener }: Pick<Width, 'maxFail' | 'unwatched' | 'opener'>,
  purpose: Purpose,
  use: (shared: Shared) => Promise<R>,
): Promise<R> {
  if (purpose.kind !== 'read' || purpose.partly !== true) await checkAnswers(context, { nodes, profile })
  else if (nodes.some(({ access }) => access === 'https')) await checkEnvironment(context)
  setMaxListeners(0, context.signal) // one a node at work; Node would warn of the eleventh
  const progress = unwatched === true ? UNWATCHED : context.progress(nodes.length)
  const budget = new FailBudget(maxFail, nodes.length)
  const endings = new Endings(context)
  const opens = opener ?? leasesOf(purpose)?.opener ?? context.connector
  try {
    return await use({ opener: opens, budget, endings, progress, ask: nodes.length === 1, onGrace: graceNote(context) })
  } finally {
    progress.end()
  }
}

function graceNote(context: Context): () => void {
  let said = false
  return () => {
    if (said) return
    said = true
    const { grace } = context.run
    context.note(
      `interrupted: no further node is begun, and orders under way have ${grace} s to end (a second Ctrl-C ends akctl at once)`,
    )
  }
}

/** How wide a part of a run is, and who is told of its nodes. */
interface PartWidth<T> extends Pick<Width, 'concurrency' | 'until'> {
  readonly onNode?: ((outcome: NodeOutcome<T>) => void) | undefined
}

/** As visit, for one part of a run. */
export function visitPart<T>(
  context: Context,
  fleet: Fleet,
  width: PartWidth<T>,
  purpose: Purpose,
  work: (session: Session) => Promise<Done<T>>,
  shared: Shared,
): Promise<readonly NodeOutcome<T>[]> {
  return run(context, fleet, width, shared, async (node, guard) => {
    const connection = await shared.opener.open(node, { ask: shared.ask, signal: guard.signal })
    const session = new Session(context, fleet, node, connection, { guard, endings: shared.endings, leases: leasesOf(purpose) })
    try {
      return await accounted(session, purpose, async (own) => {
        if (purpose.kind !== 'look') await settlePending(own, purpose.kind)
        return work(own)
      })
    } finally {
      await connection.close()
    }
  })
}

/** What is below a node's connection: the machine that scripts run on, or the agent. */
export type Below = { readonly kind: 'host'; readonly host: Host } | { readonly kind: 'agent'; readonly agent: AgentConnection }

/**
 * As visit, for work that needs the machine below the connection: nodes that are reached by scripts.
 * @param work is to call settlePending itself, once it may connect
 * @param parts in which the run goes over the fleet; without, all of it at once
 */
export function visitHosts<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session, host: Host) => Promise<Done<T>>,
  parts?: Parts,
): Promise<readonly NodeOutcome<T>[]> {
  const onHost = (session: Session, below: Below): Promise<Done<T>> => {
    if (below.kind === 'agent') throw noScripts(session.node)
    return work(session, below.host)
  }
  return visitBelow(context, fleet, width, purpose, onHost, parts)
}

/** As visitHosts, for nodes with an agent too. */
export function visitBelow<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session, below: Below) => Promise<Done<T>>,
  parts?: Parts,
): Promise<readonly NodeOutcome<T>[]> {
  const lookups = new Lookups(context)
  const one = async (node: NodeRecord, guard: OrderGuard, { ask, endings }: Shared): Promise<Done<T>> => {
    const { connection, below } = await openBelow(context, node, { ask, signal: guard.signal }, lookups)
    const session = new Session(context, fleet, node, connection, { guard, endings, leases: leasesOf(purpose) })
    try {
      return await accounted(session, purpose, (own) => work(own, below))
    } finally {
      await connection.close()
    }
  }
  const maxFail = parts === undefined ? width.maxFail : (width.maxFail ?? ONE_NODE)
  return whole(context, fleet, { ...width, maxFail }, purpose, (shared) => {
    const visitAll = (nodes: Fleet['nodes']): Promise<readonly NodeOutcome<T>[]> =>
      run(context, { ...fleet, nodes }, width, shared, (node, guard) => one(node, guard, shared))
    return parts === undefined ? visitAll(fleet.nodes) : inParts(context, fleet.nodes, parts, shared, visitAll)
  })
}

function leasesOf(purpose: Purpose): KeptLeases | undefined {
  return purpose.kind === 'change' ? purpose.leases : undefined
}

async function openBelow(
  context: Context,
  node: NodeRecord,
  options: { readonly ask: boolean; readonly signal: AbortSignal },
  lookups: Lookups,
): Promise<{ readonly connection: NodeConnection; readonly below: Below }> {
  if (node.access === 'https') {
    const agent = await openAgent(context, node, options, lookups)
    return { connection: agent, below: { kind: 'agent', agent } }
  }
  const host = await openHost(context, node, options.ask, lookups)
  return { connection: connectionOver(context, host, node, options.signal), below: { kind: 'host', host } }
}

async function run<T>(
  context: Context,
  { nodes, profile }: Fleet,
  { concurrency, onNode, until }: PartWidth<T>,
  { budget, endings, progress, onGrace }: Shared,
  work: (node: NodeRecord, guard: OrderGuard) => Promise<Done<T>>,
): Promise<readonly NodeOutcome<T>[]> {
  const signal = until === undefined ? context.signal : AbortSignal.any([context.signal, until])
  const guarded = async (node: NodeRecord): Promise<Done<T>> => {
    const guard = new OrderGuard(signal, context.run.grace, onGrace)
    progress.started(node.name)
    try {
      return await work(node, guard)
    } finally {
      guard.release()
    }
  }
  const onSettled = (outcome: NodeOutcome<T>): void => {
    progress.settled(outcome)
    onNode?.(outcome)
  }
  const outcomes = await fanOut(nodes, guarded, { concurrency, budget, signal, onSettled })
  await endings.flush(profile) // the next part of the run finds its own orders ended
  return outcomes
}

/** Works and, for a change, writes the journal's line whatever came of it. */
async function accounted<T>(session: Session, purpose: Purpose, work: (session: Session) => Promise<Done<T>>): Promise<Done<T>> {
  if (purpose.kind !== 'change') return work(session)
  const done = await work(session).catch(doneOf)
  await journalVisit(session, purpose.verb, done.outcome, done.error?.message ?? purpose.reason)
  return done
}

/** Writes the journal's line for what was done on a node: with its orders, if any were sent. */
export async function journalVisit(session: Session, verb: string, outcome: Outcome, message: string | undefined): Promise<void> {
  const { context, node } = session
  const { orderIds, revision } = session.account
  const id = orderIds.at(-1)
  await session.journal({
    at: context.clock().toISOString(),
    by: context.operator,
    verb,
    node: node.name,
    outcome,
    ...(id === undefined ? {} : { orderId: id }),
    ...(orderIds.length < 2 ? {} : { orderIds }),
    ...(revision === undefined ? {} : { revision }),
    ...(message === undefined ? {} : { message }),
  })
}
