import type { NodeRecord } from '../../node/record.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { checkKeys, checkUnique } from './checks.ts'
import type { NodeSpec } from './merge.ts'

/**
 * Registers a node. Nothing is done on the server.
 * @throws UsageError when the name or the place is taken; NotFoundError for a key that is not there
 */
export async function createNode(context: Context, spec: NodeSpec): Promise<NodeRecord> {
  const profile = await context.profile()
  const node = await profile.update(async (data) => {
    await checkKeys(profile, spec)
    const made: NodeRecord = { id: data.nextId, ...spec, settings: {}, createdAt: context.clock().toISOString() }
    checkUnique(made, data.nodes)
    return { data: { ...data, nextId: data.nextId + 1, nodes: [...data.nodes, made] }, result: made }
  })
  await journalChange(context, { verb: 'nodes create', node: node.name })
  return node
}
