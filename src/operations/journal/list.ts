import { findNode } from '../../fleet/select.ts'
import type { JournalEntry } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/**
 * The newest entries of the journal, oldest first.
 * @param query `node`: of this node only, by name (a deleted node's entries are kept) or id; `limit`: how many at most
 * @throws NotFoundError for an id that is none
 */
export async function listJournal(
  context: Context,
  query: { readonly node?: string; readonly limit: number },
): Promise<readonly JournalEntry[]> {
  const profile = await context.profile()
  const { node } = query
  if (node === undefined || !/^\d+$/.test(node)) return profile.journal.list(query)
  const { name } = findNode((await profile.read()).nodes, node)
  return profile.journal.list({ ...query, node: name })
}
