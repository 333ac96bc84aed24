import type { JournalEntry, Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** What became of one change of the profile itself; `at` and `by` are added here. */
export type Change = Pick<JournalEntry, 'verb' | 'node' | 'message'>

/**
 * Writes a successful change into the journal. The change itself is done by then: a journal that can't be written is
 * a warning, not a failure.
 * @param profile whose journal it is, where that is not the one in use
 */
export function journalChange(context: Context, change: Change, profile?: Profile): Promise<void> {
  return journalChanges(context, [change], profile)
}

/** As {@link journalChange}, for changes that were done at once. */
export async function journalChanges(context: Context, changes: readonly Change[], profile?: Profile): Promise<void> {
  const [at, by] = [context.clock().toISOString(), context.operator]
  try {
    const { journal } = profile ?? (await context.profile())
    await journal.append(changes.map((change) => ({ at, by, outcome: 'changed' as const, ...change })))
  } catch (error) {
    context.warn(
      `the change is done, but the journal could not be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
