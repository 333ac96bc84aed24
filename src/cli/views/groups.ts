import { foldNames } from '../../fleet/node-set/fold.ts'
import type { GroupMembers } from '../../operations/groups/groups.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { View } from './view.ts'

export const groupsListView: View<readonly GroupMembers[]> = {
  schema: 'groups.list/1',
  table: ({ data = [] }) => ({
    columns: ['NAME', 'NODES', 'COUNT', 'MEMBERS', 'PROBLEM'],
    rows: data.map(({ name, nodes, members, problem }) => [
      name,
      nodes || '-',
      String(members.length),
      foldNames(members) || '-',
      problem ?? '-',
    ]),
  }),
}

/** A group that was set or deleted. */
export function groupView(schema: string, done: string): View<NodeGroup> {
  return {
    schema,
    table: ({ data }) => ({ columns: ['NAME', 'NODES'], rows: data === undefined ? [] : [[data.name, data.nodes || '-']] }),
    text: ({ data }, style) =>
      data === undefined ? '' : `${style.good(done)} the group ${data.name}: ${data.nodes || 'no nodes'}\n`,
  }
}
