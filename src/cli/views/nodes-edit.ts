import type { EditedNode } from '../../operations/nodes/edit.ts'
import type { View } from './view.ts'

export const nodesEditView: View<EditedNode> = {
  schema: 'nodes.edit/1',
  table: ({ data }) => ({
    columns: ['NAME', 'FIELD', 'FROM', 'TO'],
    rows: (data?.changes ?? []).map(({ field, from, to }) => [data?.node.name ?? '', field, from, to]),
  }),
  text: ({ data }, style) => {
    if (data === undefined) return ''
    const { node, changes } = data
    if (changes.length === 0) return `${node.name}: nothing to do, it is like that already\n`
    return changes.map(({ field, from, to }) => `${style.good('changed')} ${node.name} ${field}: ${from} -> ${to}\n`).join('')
  },
  names: ({ data }) => [data?.node.name ?? ''],
}
