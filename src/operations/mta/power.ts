import type { VerbResult } from '../../mta/shared/results.ts'
import type { Session } from '../run/session.ts'
import type { ChangeResult, Step } from './results.ts'
import { syncNode } from './sync.ts'

/** How a start, stop or restart is done. */
export interface PowerOptions {
  readonly dryRun: boolean
  readonly reason: string
}

export interface StartOptions extends PowerOptions {
  /** Tell the node its settings first. */
  readonly sync: boolean
}

/** Starts a node's MTA, telling it its settings first; a running one that has them all is a no-op. */
export async function startNode(session: Session, options: StartOptions): Promise<ChangeResult> {
  const { dryRun, reason } = options
  const told = options.sync ? await syncNode(session, { takeOver: false, restart: true, dryRun, reason }) : undefined
  if (dryRun) {
    const running = told?.running ?? (await session.before()).running
    return {
      ...told,
      verb: 'start',
      dryRun,
      running,
      steps: [...(told?.steps ?? []), ...(running ? [] : (['started'] as const))],
    }
  }
  const result = await power(session, 'start', reason).catch((error: unknown) => {
    noteWritten(session, told)
    throw error
  })
  const steps: readonly Step[] = [...(told?.steps ?? []), ...(result.did ? (['started'] as const) : [])]
  const pid = result.pid ?? told?.pid
  const revision = result.revision ?? told?.revision
  return {
    ...told,
    verb: 'start',
    dryRun,
    running: true,
    steps,
    ...(pid === undefined ? {} : { pid }),
    ...(revision === undefined ? {} : { revision }),
  }
}

/** Of a start that failed: the sync before it was carried out, and is not taken back. */
function noteWritten({ context, node }: Session, told: ChangeResult | undefined): void {
  if (told?.revision === undefined || !told.steps.includes('wrote')) return
  const back = `to go back: akctl mta rollback ${node.name}`
  context.warn(`${node.name}: revision ${told.revision} was written before the start, and stays; ${back}`)
}

/** Stops a node's MTA; a stopped one is a no-op. */
export async function stopNode(session: Session, { dryRun, reason }: PowerOptions): Promise<ChangeResult> {
  if (dryRun) {
    const { running } = await session.before()
    return { verb: 'stop', dryRun, running, steps: running ? ['stopped'] : [] }
  }
  const result = await power(session, 'stop', reason)
  return { verb: 'stop', dryRun, running: false, steps: result.did ? ['stopped'] : [], ...factsOf(result) }
}

/** Restarts a node's MTA; a stopped one is started. */
export async function restartNode(session: Session, { dryRun, reason }: PowerOptions): Promise<ChangeResult> {
  if (dryRun) {
    const { running } = await session.before()
    return { verb: 'restart', dryRun, running, steps: [running ? 'restarted' : 'started'] }
  }
  const result = await power(session, 'restart', reason)
  return { verb: 'restart', dryRun, running: true, steps: ['restarted'], ...factsOf(result) }
}

function power(session: Session, verb: 'start' | 'stop' | 'restart', reason: string): Promise<VerbResult> {
  const { connection } = session
  return session.order(
    verb,
    reason,
    (order) => connection[verb](order),
    () => undefined,
  )
}

function factsOf({ pid, revision }: VerbResult): Partial<Pick<ChangeResult, 'pid' | 'revision'>> {
  return { ...(pid === undefined ? {} : { pid }), ...(revision === undefined ? {} : { revision }) }
}
