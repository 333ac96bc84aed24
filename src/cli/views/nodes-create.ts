import type { Access, NodeRecord } from '../../node/record.ts'
import type { View } from './view.ts'

export const nodesCreateView: View<NodeRecord> = {
  schema: 'nodes.create/1',
  table: ({ data }) => ({ columns: ['ID', 'NAME'], rows: data === undefined ? [] : [[String(data.id), data.name]] }),
  text: ({ data }, style) => {
    if (data === undefined) return ''
    const { id, name, access } = data
    return `${style.good('registered')} ${name} with id ${id}\n${style.dim(`next: ${next(name, access)}`)}\n`
  },
  names: ({ data }) => [data?.name ?? ''],
}

function next(name: string, access: Access): string {
  if (access === 'https')
    return `akctl nodes archive ${name} --out FILE; once it is unpacked and started there: akctl nodes test ${name}`
  return `${access === 'ssh' ? `akctl trust add ${name}, ` : ''}akctl nodes test ${name}, akctl nodes install ${name}`
}
