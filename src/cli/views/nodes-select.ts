import { foldNames } from '../../fleet/node-set/fold.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { View } from './view.ts'

/** Names alone. @param fold as one node set */
export function nodesSelectView(fold: boolean): View<readonly NodeRecord[]> {
  return {
    schema: 'nodes.select/1',
    table: ({ data = [] }) => {
      const names = data.map(({ name }) => name)
      return { columns: ['NAME'], rows: fold ? [[foldNames(names)]] : names.map((name) => [name]) }
    },
  }
}
