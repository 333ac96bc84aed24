import type { HelpPage } from '../help-text.ts'
import type { View } from './view.ts'

/** Help reads the same on a terminal and in a pager. */
export const helpView: View<HelpPage> = {
  schema: 'help/1',
  text: ({ data }) => data?.text ?? '',
  table: ({ data }) => ({
    columns: ['HELP'],
    rows: (data?.text ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => [line]),
  }),
  names: ({ data }) => [data?.topic ?? ''],
}
