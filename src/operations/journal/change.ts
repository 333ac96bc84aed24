import type { JournalEntry, Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** What became of one change of the profile itself; `at` and `by` are added here. */
export type Change = Pick<JournalEntry, 'verb' | 'node' | 'message'>

/**
 * Writes a successful change into the journal. The change itself is done by then: a journal that can't be written is
 * a warning, not a failure.
 * @param profile whose journal it is, where that is not the one in use
 */
export async function journalChange(context: Context, change: Change, profile?: Profile): Promise<void> {
  const { journal } = profile ?? (await context.profile())
  const entry = { at: context.clock().toISOString(), by: context.operator, outcome: 'changed' as const, ...change }
  try {
    await journal.append([entry])
  } catch (error) {
    context.warn(
      `the change is done, but the journal could not be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
