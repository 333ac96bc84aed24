import type { NodeAddress } from '../../operations/nodes/interfaces.ts'
import type { View } from './view.ts'

/** Addresses of nodes: a line an address. */
export const nodeInterfacesView: View<undefined, readonly NodeAddress[]> = {
  schema: 'node.interfaces/1',
  table: ({ nodes = [] }) => ({
    columns: ['NODE', 'INTERFACE', 'ADDRESS', 'SENDS', 'LISTENS'],
    rows: nodes.flatMap(({ node, result = [] }) =>
      result.map(({ name, address, sends, listens }) => [node, name, address, sends, listens.join(' ') || '-']),
    ),
  }),
}
