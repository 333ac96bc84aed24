import { labelsText } from '../../operations/nodes/describe.ts'
import type { ListedNode } from '../../operations/nodes/list.ts'
import { stateTone } from './tones.ts'
import type { View } from './view.ts'

export const nodesListView: View<readonly ListedNode[]> = {
  schema: 'nodes.list/1',
  table: ({ data = [] }) => ({
    columns: ['ID', 'NAME', 'HOST', 'ACCESS', 'MTA', 'STATUS', 'SYNCED', 'LABELS'],
    rows: data.map((node) => [
      String(node.id),
      node.name,
      node.host,
      node.access,
      node.mta,
      node.status ?? '-',
      node.synced ?? '-',
      labelsText(node.labels),
    ]),
  }),
  tones: { STATUS: stateTone, SYNCED: stateTone },
  names: ({ data = [] }) => data.map((node) => node.name),
}
