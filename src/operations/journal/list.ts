import { findNode } from '../../fleet/select.ts'
import type { DamagedLine, JournalEntry } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/**
 * The newest entries of the journal, oldest first. Lines that can't be read are warned of: a damaged journal is not an empty one.
 * @param query `node`: of this node only, by name (a deleted node's entries are kept) or id; `limit`: how many at most
 * @throws NotFoundError for an id that is none
 */
export async function listJournal(
  context: Context,
  query: { readonly node?: string; readonly limit: number },
): Promise<readonly JournalEntry[]> {
  const profile = await context.profile()
  const { node } = query
  const damaged: DamagedLine[] = []
  const byId = node !== undefined && /^\d+$/.test(node)
  const named = byId ? { ...query, node: findNode((await profile.read()).nodes, node).name } : query
  const entries = await profile.journal.list(named, (line) => void damaged.push(line))
  const [newest] = damaged
  if (newest !== undefined) {
    const { path, fromEnd } = newest
    const what =
      damaged.length === 1 ? '1 line of the journal holds no entry' : `${damaged.length} lines of the journal hold no entry`
    context.warn(`${what} that can be read; look at the newest: tail -n ${fromEnd} ${path} | head -n 1`)
  }
  return entries
}
