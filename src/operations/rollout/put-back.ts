import type { Done } from '../../fleet/fan-out.ts'
import type { NodeState } from '../../node/state.ts'
import { ConflictError } from '../../outcome/errors.ts'
import type { PutBack } from '../mta/results.ts'
import type { Session } from '../node/session.ts'

/** For the record on the node and the journal. */
export const PUT_BACK = 'put back, as the run failed'

/**
 * Makes a node what it was before this run: its earlier revision, and running or stopped as then.
 * @param before the node before this run's first order
 * @returns what was put back; `ok` and nothing when the node is as before
 * @throws ConflictError when somebody else, be it another run of this profile, has changed the node since
 */
export async function putBackNode(session: Session, before: NodeState): Promise<Done<PutBack>> {
  const settings = await putSettingsBack(session, before)
  const { running } = settings ?? (await session.before())
  const power = running === before.running ? undefined : before.running ? 'start' : 'stop'
  if (power !== undefined) {
    await session.order(
      power,
      PUT_BACK,
      (order) => session.connection[power](order),
      () => undefined,
    )
  }
  const result: PutBack = {
    ...(settings === undefined ? {} : { to: settings.to, revision: settings.revision }),
    ...(power === undefined ? {} : { power: power === 'start' ? 'started' : 'stopped' }),
  }
  return { outcome: settings === undefined && power === undefined ? 'ok' : 'changed', result }
}

async function putSettingsBack(
  session: Session,
  before: NodeState,
): Promise<{ readonly to: number; readonly revision: number; readonly running: boolean } | undefined> {
  const { record } = await session.before()
  const to = before.record?.revision
  if (record === undefined || to === undefined || record.revision === to) return undefined
  // A failed order may have gone back to what the process had loaded, which --no-restart once left behind.
  if (!session.isOfRun(record.id) && record.revision !== before.loaded) {
    throw new ConflictError(`somebody else has changed the node since: revision ${record.revision} is by ${record.by}`, {
      hints: [`akctl mta diff ${session.node.name}`],
    })
  }
  const { revision, running } = await session.order(
    'rollback',
    PUT_BACK,
    (order) => session.connection.rollback({ ...order, expect: record.revision, expectId: record.id }, to),
    (applied) => applied,
  )
  return { to, revision, running }
}
