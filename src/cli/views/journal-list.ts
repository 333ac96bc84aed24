import type { JournalEntry } from '../../profile/profile.ts'
import type { View } from './view.ts'

export const journalListView: View<readonly JournalEntry[]> = {
  schema: 'journal.list/1',
  table: ({ data = [] }) => ({
    columns: ['AT', 'BY', 'VERB', 'NODE', 'OUTCOME', 'REVISION', 'MESSAGE', 'ORDER'],
    rows: data.map(({ at, by, verb, node = '-', outcome, revision, message = '-', orderId = '-' }) => [
      at,
      by,
      verb,
      node,
      outcome,
      revision === undefined ? '-' : String(revision),
      message,
      orderId,
    ]),
  }),
}
