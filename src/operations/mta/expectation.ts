import type { Expectation } from '../../connection/port.ts'
import type { RevisionRecord } from '../../node/revision.ts'
import { differingKeys } from '../../node/settings.ts'
import type { NodeState } from '../../node/state.ts'
import { ConflictError, NodeLockedError } from '../../outcome/errors.ts'
import type { Session } from '../node/session.ts'
import { keyChanges, valueText } from './keys.ts'

/** Journal entries looked through for an order of this profile. */
const RECENT = 50

/**
 * What a changing order may expect the node to be at, so that it is refused there if somebody comes in between.
 * The node is this profile's when it is at the profile's base revision, when one of the profile's own orders made
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
): Promise<Expectation> {
  const { record } = state
  if (record === undefined || record.revision === 0) return 'none'
  if (takeOver === true || takeOver === record.revision || (await isOurs(session, record))) return record.revision
  throw conflictOf(session, record, verb)
}

/** Whether a node's revision was made by this profile. */
export async function isOurs(session: Session, record: RevisionRecord): Promise<boolean> {
  const { node, profile, wanted } = session
  if (node.baseRevision === record.revision) return true
  if (node.baseRevision === undefined && differingKeys(record.settings, wanted).length === 0) return true
  const entries = await profile.journal.list({ node: node.name, limit: RECENT })
  return entries.some(({ orderId }) => orderId === record.id)
}

function conflictOf({ node, wanted }: Session, record: RevisionRecord, verb: string): ConflictError {
  const known = node.baseRevision
  const message =
    known === undefined
      ? `the node was set up by somebody else: it is at revision ${record.revision}, of which this profile knows nothing`
      : `somebody else has changed the node: it is at revision ${record.revision}, not at ${known} as this profile knows it`
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

/** An order that was refused on the node because somebody came in between: with who, when and which keys. */
export async function explainConflict(session: Session, error: unknown, verb: string): Promise<unknown> {
  if (!(error instanceof ConflictError) || error instanceof NodeLockedError) return error
  const { record } = await session.connection.status().catch(() => ({ record: undefined }))
  if (record === undefined || record.revision === 0 || record.revision === session.node.baseRevision) return error
  return conflictOf(session, record, verb)
}
