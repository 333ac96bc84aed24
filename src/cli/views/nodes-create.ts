import type { NodeRecord } from '../../node/record.ts'
import type { View } from './view.ts'

export const nodesCreateView: View<NodeRecord> = {
  schema: 'nodes.create/1',
  table: ({ data }) => ({ columns: ['ID', 'NAME'], rows: data === undefined ? [] : [[String(data.id), data.name]] }),
  text: ({ data }, style) => {
    if (data === undefined) return ''
    const { id, name, access } = data
    const next = access === 'ssh' ? `akctl trust add ${name}, akctl nodes test ${name}` : `akctl nodes test ${name}`
    return `${style.good('registered')} ${name} with id ${id}\n${style.dim(`next: ${next}, akctl nodes install ${name}`)}\n`
  },
  names: ({ data }) => [data?.name ?? ''],
}
