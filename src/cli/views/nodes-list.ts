import type { View } from './view.ts'
import type { NodeRecord } from '../../node/record.ts'

export const nodesListView: View<readonly NodeRecord[]> = {
  schema: 'nodes.list/1',
  table: ({ data = [] }) => ({ columns: ['ID', 'NAME'], rows: data.map((node) => [String(node.id), node.name]) }),
}
