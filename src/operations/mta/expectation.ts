import type { Expected } from '../../connection/port.ts'
import { isSameRevision } from '../../node/record.ts'
import type { RevisionRecord } from '../../node/revision.ts'
import { differingKeys } from '../../node/settings.ts'
import type { NodeState } from '../../node/state.ts'
import { ConflictError, NodeLockedError } from '../../outcome/errors.ts'
import type { Session } from '../run/session.ts'
import { keyChanges, valueText } from './keys.ts'

/** Journal entries looked through for an order of this profile. */
const RECENT = 50

/**
 * What a changing order may expect the node to be at, so that it is refused there if somebody comes in between.
 * The node is this profile's when it is at the profile's base revision (of that number and, where it is known, of that id: a
 * node that was set up anew counts from 1 again), when one of the profile's own orders made
 * its revision, or when it was told exactly what this profile would tell it.
 * @param verb for the hint: `sync`
 * @param takeOver overwrite what somebody else wrote; a number: at this revision only
 * @throws ConflictError with who, when and which keys
 */
export async function expectationOf(
  session: Session,
  state: NodeState,
  verb: string,
  takeOver: boolean | number,
): Promise<Expected> {
  const { record } = state
  if (record === undefined || record.revision === 0) return { expect: 'none' }
  const { revision, id } = record
  if (takeOver === true || takeOver === revision || (await isOurs(session, record))) return { expect: revision, expectId: id }
  throw conflictOf(session, record, verb)
}

async function isOurs({ base, node, profile, wanted }: Session, record: RevisionRecord): Promise<boolean> {
  if (base === undefined ? differingKeys(record.settings, wanted).length === 0 : isSameRevision(base, record)) return true
  const entries = await profile.journal.list({ node: node.name, limit: RECENT })
  return entries.some(({ orderId, orderIds = [] }) => orderId === record.id || orderIds.includes(record.id))
}

function conflictOf({ base, node, wanted }: Session, record: RevisionRecord, verb: string): ConflictError {
  const message = conflictWords(base?.revision, record.revision)
  const reason = record.reason === '' ? '' : `: ${record.reason}`
  const keys = keyChanges(record.settings, wanted).map(
    ({ key, told, wanted: ours }) => `${key}: ${valueText(key, told)} there, ${valueText(key, ours)} in this profile`,
  )
  return new ConflictError(message, {
    detail: [`revision ${record.revision} was written by ${record.by} at ${record.at}${reason}`, ...keys],
    hints: [
      `see it whole: akctl mta diff ${node.name}`,
      `take over what the node has: akctl settings pull ${node.name}`,
      `overwrite it: akctl mta ${verb} ${node.name} --take-over`,
    ],
  })
}

function conflictWords(known: number | undefined, there: number): string {
  if (known === undefined) {
    return `the node was set up by somebody else: it is at revision ${there}, of which this profile knows nothing`
  }
  if (known === there) {
    return `somebody else has set up the node anew: its revision ${there} is not the one that this profile knows`
  }
  return `somebody else has changed the node: it is at revision ${there}, not at ${known} as this profile knows it`
}

/** An order that was refused on the node because somebody came in between: with who, when and which keys. */
export async function explainConflict(session: Session, error: unknown, verb: string): Promise<unknown> {
  if (!(error instanceof ConflictError) || error instanceof NodeLockedError) return error
  const { record } = await session.connection.status().catch(() => ({ record: undefined }))
  const { base } = session
  if (record === undefined || record.revision === 0 || (base !== undefined && isSameRevision(base, record))) return error
  return conflictOf(session, record, verb)
}
