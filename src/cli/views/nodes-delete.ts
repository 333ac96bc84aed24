import type { DeletedNode } from '../../operations/nodes/delete.ts'
import type { View } from './view.ts'

export const nodesDeleteView: View<DeletedNode> = {
  schema: 'nodes.delete/1',
  table: ({ data }) => ({
    columns: ['ID', 'NAME'],
    rows: data === undefined ? [] : [[String(data.node.id), data.node.name]],
  }),
  text: ({ data }, style) => {
    if (data === undefined) return ''
    const { node, forgotten } = data
    const trust = forgotten.map(({ endpoint, fingerprint }) => style.dim(`no longer accepted: ${endpoint} ${fingerprint}\n`))
    return `${style.good('deleted')} the record of ${node.name}; its server was left untouched\n${trust.join('')}`
  },
  names: ({ data }) => [data?.node.name ?? ''],
}
