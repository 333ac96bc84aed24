import { type NodeState, syncedOf } from '../../node/state.ts'
import { FailedError, NodeError } from '../../outcome/errors.ts'
import type { Session } from '../run/session.ts'
import { expectationOf, explainConflict } from './expectation.ts'
import { keyChanges } from './keys.ts'
import type { ChangeResult } from './results.ts'
import { changeOf, installedState, noteReplaced, TOOK } from './sync.ts'

/** How a rollback is done. */
export interface RollbackOptions {
  /** The revision to go back to; undefined: the one before. */
  readonly to: number | undefined
  readonly takeOver: boolean
  readonly dryRun: boolean
  readonly reason: string
}

/**
 * Makes an earlier revision of a node the current one again, as a new revision. The profile's settings stay as they
 * are, so the node is then usually not synced: that is said, with both ways out.
 * @throws ConflictError when somebody else changed the node since
 */
export async function rollbackNode(session: Session, options: RollbackOptions): Promise<ChangeResult> {
  const { context, connection, node, wanted } = session
  const { to, dryRun, reason } = options
  const before = await installedState(session)
  const current = before.record?.revision ?? 0
  if (current === 0) throw new FailedError('there is no earlier revision: the node was never synced')
  const expected = await expectationOf(session, before, 'rollback', options.takeOver)
  if (dryRun) {
    const { files, took = 'none', record } = await connection.preview({ to: to ?? 'before' })
    const target = record === undefined ? {} : { to: record.revision }
    const keys = keyChanges(before.record?.settings ?? {}, record?.settings ?? {})
    return { verb: 'rollback', dryRun, steps: ['wrote', ...TOOK[took]], revision: current, ...target, keys, files }
  }
  const result = await session
    .order(
      'rollback',
      reason,
      (order) => connection.rollback({ ...order, ...expected }, to),
      (applied) => applied,
    )
    .catch(async (error: unknown) => {
      throw await explainConflict(session, error, 'rollback')
    })
  noteReplaced(session, result)
  const after = await lookAfter(session)
  if (after === undefined) return { ...changeOf('rollback', result), synced: 'unknown' }
  const keys = keyChanges(after.record?.settings ?? {}, wanted)
  if (keys.length > 0) {
    const names = keys.map(({ key }) => key).join(', ')
    context.note(
      `${node.name}: the profile still wants other settings (${names}). To keep what the node has now: akctl settings pull ${node.name}`,
    )
  }
  const back = result.to ?? to
  return { ...changeOf('rollback', result), ...(back === undefined ? {} : { to: back }), synced: syncedOf(after, wanted) }
}

/** The node after its rollback; undefined when it can't be asked any more, which takes nothing from what was done. */
async function lookAfter({ context, connection, node }: Session): Promise<NodeState | undefined> {
  try {
    return await connection.status()
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    context.warn(`${node.name}: the rollback is done; how the node is now could not be seen: ${error.message}`)
    return undefined
  }
}
