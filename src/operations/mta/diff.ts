import { syncedOf } from '../../node/state.ts'
import type { Session } from '../node/session.ts'
import { keyChanges } from './keys.ts'
import type { DiffResult } from './results.ts'
import { installedState } from './sync.ts'

/** Compares what a node was told, and its files, with what a sync would make of it. Writes nothing. */
export async function diffNode(session: Session): Promise<DiffResult> {
  const { connection, wanted } = session
  const state = await installedState(session)
  const files = await connection.diff(wanted)
  return {
    synced: syncedOf(state, wanted),
    keys: keyChanges(state.record?.settings ?? {}, wanted),
    files,
    ...(state.record === undefined ? {} : { revision: state.record.revision }),
  }
}

/** Whether a sync would write anything. */
export function differs({ keys, files }: DiffResult): boolean {
  return keys.length > 0 || files.length > 0
}
