import type { Done } from '../../fleet/fan-out.ts'
import type { NodeState } from '../../node/state.ts'
import { ConflictError } from '../../outcome/errors.ts'
import type { PutBack } from '../mta/results.ts'
import { noteReplaced } from '../mta/sync.ts'
import type { Session } from '../run/session.ts'

/** For the record on the node and the journal. */
export const PUT_BACK = 'put back, as the run failed'

/** A node as this run has found it, and what the run has done there. */
export interface Touched {
  /** The node before this run's first order. */
  readonly before: NodeState
  /** The verbs of this run's orders that the node has carried out, or may have begun. */
  readonly begun: readonly string[]
}

/**
 * Makes a node what it was before this run: its earlier revision, and an MTA that runs, or does not, as its last order
 * wanted it then. One that was down though it should run is not stopped again.
 * @returns what was put back; `ok` and nothing when the node is as before
 * @throws ConflictError when somebody else, be it another run of this profile, has changed the node since, or has started or
 * stopped its MTA
 */
export async function putBackNode(session: Session, { before, begun }: Touched): Promise<Done<PutBack>> {
  const found = await session.before()
  refuseOthersPower(session, found, before, begun)
  const settings = await putSettingsBack(session, before)
  const power = powerBack({ ...found, running: settings?.running ?? found.running }, before)
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

/** What the verbs of this run make of `wanted`. */
const WANTED_BY: Readonly<Record<string, NodeState['wanted']>> = { start: 'running', restart: 'running', stop: 'stopped' }

/** What an MTA should do is what it should before this run, or what this run has made it; else it was somebody else's order. */
function refuseOthersPower({ node }: Session, { wanted }: NodeState, before: NodeState, begun: readonly string[]): void {
  const last = begun.findLast((verb) => verb in WANTED_BY)
  if (wanted === before.wanted || (last !== undefined && wanted === WANTED_BY[last])) return
  const did = wanted === 'stopped' ? 'stopped' : 'started'
  throw new ConflictError(`somebody else has ${did} the MTA since`, { hints: [`akctl mta status ${node.name}`] })
}

/** The order that makes an MTA run, or not, as it was wanted before; undefined: it does, or was no better then. */
function powerBack(now: NodeState, before: NodeState): 'start' | 'stop' | undefined {
  const wish = before.wanted ?? (before.running ? 'running' : 'stopped')
  const died = before.running && !now.running && wish === 'running'
  if (now.wanted === before.wanted && !died) return undefined
  return wish === 'running' ? 'start' : 'stop'
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
  const applied = await session.order(
    'rollback',
    PUT_BACK,
    (order) => session.connection.rollback({ ...order, expect: record.revision, expectId: record.id }, to),
    (done) => done,
  )
  noteReplaced(session, applied)
  return { to, revision: applied.revision, running: applied.running }
}
