import type { ApplyResult } from '../../mta/shared/results.ts'
import { syncedOf, type NodeState } from '../../node/state.ts'
import { FailedError } from '../../outcome/errors.ts'
import type { Session } from '../run/session.ts'
import { expectationOf, explainConflict } from './expectation.ts'
import { keyChanges } from './keys.ts'
import type { ChangeResult, Step } from './results.ts'

/** How a sync is done. */
export interface SyncOptions {
  /** Overwrite what somebody else wrote; a number: at this revision only. */
  readonly takeOver: boolean | number
  /** Reload or restart a running MTA so that it takes the revision in. */
  readonly restart: boolean
  readonly dryRun: boolean
  readonly reason: string
  /** How the node was found in this run; undefined: it is asked. The node refuses the sync when it has moved since. */
  readonly state?: NodeState | undefined
}

/**
 * Tells one node its effective settings; a node that has them all is left alone.
 * @throws ConflictError when somebody else changed the node
 */
export async function syncNode(session: Session, options: SyncOptions): Promise<ChangeResult> {
  const { connection, wanted } = session
  const state = await installedState(session, options.state)
  const expected = await expectationOf(session, state, 'sync', options.takeOver)
  const keys = keyChanges(toldOf(state), wanted)
  if (options.dryRun) return planOf(session, state, keys, options.restart)

  const { restart, reason } = options
  const result = await session
    .order(
      'sync',
      reason,
      (order) => connection.sync({ ...order, ...expected, settings: wanted, restart }),
      (applied) => applied,
    )
    .catch(async (error: unknown) => {
      throw await explainConflict(session, error, 'sync')
    })
  noteReplaced(session, result)
  return { ...changeOf('sync', result), keys, synced: result.took === 'left' ? 'reload' : 'yes' }
}

/** @throws FailedError when the node's directory is not prepared */
export async function installedState(session: Session, seen?: NodeState): Promise<NodeState> {
  const state = seen ?? (await session.before())
  if (state.installed) return state
  const { name, directory } = session.node
  throw new FailedError(`${directory} is not prepared: there is no MTA to tell anything`, {
    hints: [`akctl nodes install ${name}`, `akctl nodes test ${name} tells what is missing`],
  })
}

function toldOf({ record }: NodeState): NonNullable<NodeState['record']>['settings'] {
  return record?.settings ?? {}
}

async function planOf(session: Session, state: NodeState, keys: ChangeResult['keys'], restart: boolean): Promise<ChangeResult> {
  const { files, took } = await session.connection.preview({ settings: session.wanted })
  const writes = files.length > 0 || (keys ?? []).length > 0 || syncedOf(state, session.wanted) === 'never'
  const loads = state.running && (writes || state.loaded !== state.record?.revision)
  const load = TOOK[took ?? (loads ? 'reload' : 'none')] // an agent of before does not tell
  return {
    verb: 'sync',
    dryRun: true,
    steps: [...(writes ? (['wrote'] as const) : []), ...(restart || load.length === 0 ? load : TOOK.left)],
    running: state.running,
    synced: syncedOf(state, session.wanted),
    files,
    ...(keys === undefined ? {} : { keys }),
    ...(state.record === undefined ? {} : { revision: state.record.revision }),
  }
}

/** What the running process went through, or would, in steps. */
export const TOOK: Readonly<Record<ApplyResult['took'], readonly Step[]>> = {
  none: [],
  reload: ['reloaded'],
  restart: ['restarted'],
  left: ['not-loaded'],
}

/** What a sync or rollback did, in steps. */
export function changeOf(verb: 'sync' | 'rollback', result: ApplyResult): ChangeResult {
  const { wrote, took, running, revision, replaced, saved } = result
  return {
    verb,
    dryRun: false,
    steps: [...(wrote ? (['wrote'] as const) : []), ...TOOK[took]],
    running,
    revision,
    replaced,
    ...(saved === undefined ? {} : { saved }),
  }
}

/** Says which hand edits were replaced, and where their text is. */
export function noteReplaced({ context, node }: Session, { replaced, saved, revision }: ApplyResult): void {
  const files = replaced.filter((file) => file !== 'base')
  if (files.length > 0) {
    const kept = saved === undefined ? '' : `; their text is kept on the node in ${saved}`
    context.warn(`${node.name}: files edited by hand were replaced: ${files.join(', ')}${kept}`)
  }
  if (replaced.includes('base')) context.note(`${node.name}: the base had changed; revision ${revision} has taken it in`)
}
