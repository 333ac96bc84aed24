import type { KnownRevision } from '../../node/record.ts'
import type { OrderState } from '../../node/revision.ts'
import { ConflictError } from '../../outcome/errors.ts'
import type { Outcome } from '../../outcome/outcome.ts'
import type { PendingOrder } from '../../profile/profile.ts'
import { GATHER } from './endings.ts'
import { pause } from './pause.ts'
import type { Session } from './session.ts'

/** Orders that leave the node at a revision of their own. */
const WRITES = new Set(['sync', 'rollback'])

/** Seconds that an order may be on its way: until then a change waits for it, then it is given up. */
const ON_ITS_WAY = 5

/** Seconds between two looks for it. */
const PAUSE = 0.5

/** What akctl says of an order whose end is known now. */
interface Finding {
  readonly words: string
  readonly outcome: Outcome
}

/**
 * Before anything else is done on a node: finds out what became of the last order whose end was not seen, says so,
 * writes the journal's line and takes the revision over that it made.
 * @throws ConflictError for a change, while the order is still at work on the node
 */
export async function settlePending(session: Session, kind: 'read' | 'change'): Promise<void> {
  const { context, profile, node } = session
  const pending = await profile.orders.get(node.id)
  if (pending === undefined) return
  const state = await look(session, pending, kind)
  if (state === 'seen') return
  const about = `the ${pending.verb} of ${pending.at}, whose end was not seen`
  if (state === undefined || state.state === 'running') {
    const words = state === undefined ? 'has not arrived at the node so far' : 'is still at work on the node'
    if (kind === 'change') throw stillThere(about, words)
    context.note(
      `${node.name}: ${about}, ${words}${state === undefined ? '; a change of the node would end the wait for it' : ''}`,
    )
    return
  }
  const finding = findingOf(state, pending)
  context.note(`${node.name}: ${about}, ${finding.words}`)
  const base = (await knownBy(session, state, pending)) ?? pending.base
  await profile.journal.append([
    {
      at: context.clock().toISOString(),
      by: context.operator,
      verb: `mta ${pending.verb}`,
      node: node.name,
      outcome: finding.outcome,
      orderId: pending.id,
      ...(base === undefined ? {} : { revision: base.revision }),
      message: `found out later: it ${finding.words}`,
    },
  ])
  await session.ended(pending.id, base)
}

/**
 * Asks the node. An order that has left no trace there may still be on its way, for however long a network keeps it: its
 * state is not known (undefined). A change waits for it a while, and then gives it up. For one that is at work, a change
 * waits as long as for the node's lock: it may be another process of this profile that is just about it.
 * @returns `seen` when somebody else has seen its end meanwhile
 */
async function look(session: Session, pending: PendingOrder, kind: 'read' | 'change'): Promise<OrderState | undefined | 'seen'> {
  const { context, connection } = session
  const quiet = Date.parse(pending.at) + ON_ITS_WAY * 1000
  for (let waited = 0; ; waited += PAUSE) {
    const late = kind === 'change' && context.clock().getTime() >= quiet
    const seen = await connection.order(pending.id)
    const lost = late && seen.state === 'none' && seen.never !== true
    const state = lost ? await connection.giveUp(pending.id, context.run.lockWait) : seen
    if (state.state === 'none') {
      if (late || state.never === true) return state
      if (kind === 'read' || context.signal.aborted) return undefined
    } else if (state.state !== 'running') {
      return (await endSeen(session, pending)) ? 'seen' : state
    } else if (kind === 'read' || waited >= context.run.lockWait || context.signal.aborted) {
      return state
    }
    await pause(PAUSE, context.signal)
  }
}

/** Whether whoever has sent an order has seen its end and written that down, for which it takes GATHER. */
async function endSeen({ context, profile, node }: Session, { id }: PendingOrder): Promise<boolean> {
  await pause(PAUSE + GATHER / 1000, context.signal)
  return (await profile.orders.get(node.id))?.id !== id
}

function findingOf(state: OrderState, { verb }: PendingOrder): Finding {
  switch (state.state) {
    case 'none':
      if (state.never === true) return { words: 'never reached the node: it changed nothing', outcome: 'failed' }
      return { words: 'has left no trace on the node, which does not tell what it did', outcome: 'unknown' }
    case 'running':
      return { words: 'is still at work', outcome: 'unknown' }
    case 'died':
      return { words: 'was killed on the node before its end: the node is as before, or as told', outcome: 'failed' }
    case 'done':
      break
  }
  if (state.outcome === 'failed') return { words: `failed (akctl node logs shows why the ${verb} did)`, outcome: 'failed' }
  return { words: 'succeeded', outcome: state.outcome ?? 'ok' }
}

/** The revision that an order left the node at; of one that did not succeed only if the node's record carries its id. */
async function knownBy(session: Session, state: OrderState, pending: PendingOrder): Promise<KnownRevision | undefined> {
  if (!WRITES.has(pending.verb) || state.state === 'none') return undefined
  const record = await recordOn(session)
  const succeeded = state.outcome === 'ok' || state.outcome === 'changed'
  if (!succeeded) return record?.id === pending.id ? record : undefined
  if (state.revision === undefined) return undefined
  return record?.revision === state.revision ? record : { revision: state.revision }
}

/** What the node was told by now; undefined where a newer akctl has told it, so that it is none of this profile's orders. */
async function recordOn({ connection }: Session): Promise<KnownRevision | undefined> {
  try {
    const { record } = await connection.status()
    return record === undefined ? undefined : { revision: record.revision, id: record.id }
  } catch (error) {
    if (error instanceof ConflictError) return undefined
    throw error
  }
}

function stillThere(about: string, words: string): ConflictError {
  return new ConflictError(`${about}, ${words}`, {
    hints: ['wait until it has ended, then try again: akctl mta status NODE tells'],
  })
}
