import { setMaxListeners } from 'node:events'
import { doneOf, fanOut, type Done } from '../../fleet/fan-out.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { AgentConnection } from '../../connection/agent/agent-connection.ts'
import type { Host } from '../../connection/host.ts'
import type { NodeConnection } from '../../connection/port.ts'
import { connectionOver, noScripts, openAgent, openHost } from '../connector.ts'
import type { Context } from '../context.ts'
import { Lookups } from '../lookups.ts'
import type { Fleet } from './fleet.ts'
import type { KeptLeases } from './kept-leases.ts'
import { OrderGuard } from './order-guard.ts'
import { Session } from './session.ts'
import { settlePending } from './settle.ts'

/** How wide a run is, and when it stops. */
export interface Width {
  /** Nodes at work at the same time. */
  readonly concurrency: number
  /** Failures after which no new node is started. */
  readonly maxFail?: number | undefined
}

/** What a run does to nodes. */
export type Purpose =
  /** Reads; an order that is still at work on a node is only mentioned. */
  | { readonly kind: 'read' }
  /** Changes: refused while an earlier order is still at work; every node gets a line in the journal. */
  | {
      readonly kind: 'change'
      readonly verb: string
      readonly reason?: string | undefined
      /** Keeps the leases that orders take; none: they go with each order. */
      readonly leases?: KeptLeases | undefined
    }

/**
 * Connects to every node of a fleet, finds out what became of an earlier order whose end was not seen, and works.
 * An unknown identity may be asked about when the fleet is one node.
 * @param onSettled called once a node, as soon as its outcome is known
 * @returns one outcome a node, in the order of the selection; what fails on a node is its outcome
 * @throws UsageError, before anything is done, where the environment forbids the connections that are needed
 */
export function visit<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session) => Promise<Done<T>>,
  onSettled?: (outcome: NodeOutcome<T>) => void,
): Promise<readonly NodeOutcome<T>[]> {
  const leases = leasesOf(purpose)
  const connector = leases?.connector ?? context.connector // one for the run: it reads keys and trust only once
  const onNode = async (node: NodeRecord, guard: OrderGuard, ask: boolean): Promise<Done<T>> => {
    const connection = await connector.open(node, { ask, signal: guard.signal })
    const session = new Session(context, fleet.profile, node, fleet.defaults, connection, guard, leases)
    try {
      return await accounted(session, purpose, async (own) => {
        await settlePending(own, purpose.kind)
        return work(own)
      })
    } finally {
      await connection.close()
    }
  }
  return run(context, fleet, width, onNode, onSettled)
}

/** What is below a node's connection: the machine that scripts run on, or the agent. */
export type Below = { readonly kind: 'host'; readonly host: Host } | { readonly kind: 'agent'; readonly agent: AgentConnection }

/**
 * As visit, for work that needs the machine below the connection: nodes that are reached by scripts.
 * @param work is to call settlePending itself, once it may connect
 */
export function visitHosts<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session, host: Host) => Promise<Done<T>>,
): Promise<readonly NodeOutcome<T>[]> {
  return visitBelow(context, fleet, width, purpose, (session, below) => {
    if (below.kind === 'agent') throw noScripts(session.node)
    return work(session, below.host)
  })
}

/** As visitHosts, for nodes with an agent too. */
export function visitBelow<T>(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Purpose,
  work: (session: Session, below: Below) => Promise<Done<T>>,
): Promise<readonly NodeOutcome<T>[]> {
  const lookups = new Lookups(context)
  return run(context, fleet, width, async (node, guard, ask): Promise<Done<T>> => {
    const { connection, below } = await openBelow(context, node, { ask, signal: guard.signal }, lookups)
    const session = new Session(context, fleet.profile, node, fleet.defaults, connection, guard, leasesOf(purpose))
    try {
      return await accounted(session, purpose, (own) => work(own, below))
    } finally {
      await connection.close()
    }
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
  { nodes }: Fleet,
  width: Width,
  onNode: (node: NodeRecord, guard: OrderGuard, ask: boolean) => Promise<Done<T>>,
  onSettled?: (outcome: NodeOutcome<T>) => void,
): Promise<readonly NodeOutcome<T>[]> {
  const { signal } = context
  if (nodes.some(({ access }) => access === 'https')) {
    const { refuseUnsafe } = await import('../../connection/agent/environment.ts')
    refuseUnsafe(context.env)
  }
  setMaxListeners(0, signal) // one a node at work; Node would warn of the eleventh
  const guarded = async (node: NodeRecord): Promise<Done<T>> => {
    const guard = new OrderGuard(signal)
    try {
      return await onNode(node, guard, nodes.length === 1)
    } finally {
      guard.release()
    }
  }
  return fanOut(nodes, guarded, { ...width, signal, onSettled })
}

/** Works and, for a change, writes the journal's line whatever came of it. */
async function accounted<T>(session: Session, purpose: Purpose, work: (session: Session) => Promise<Done<T>>): Promise<Done<T>> {
  if (purpose.kind === 'read') return work(session)
  const { context, profile, node } = session
  const done = await work(session).catch(doneOf)
  const { id, revision } = session.lastOrder
  const message = done.error?.message ?? purpose.reason
  const entry = {
    at: context.clock().toISOString(),
    by: context.operator,
    verb: purpose.verb,
    node: node.name,
    outcome: done.outcome,
    ...(id === undefined ? {} : { orderId: id }),
    ...(revision === undefined ? {} : { revision }),
    ...(message === undefined ? {} : { message }),
  }
  try {
    await profile.journal.append([entry])
  } catch (error) {
    // What was done is done: its outcome matters more than the journal's trouble.
    context.warn(`${node.name}: the journal could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  return done
}
