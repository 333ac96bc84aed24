import { findNode } from '../../fleet/select.ts'
import { nodeSecrets } from '../../node/node-secrets.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import type { Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { noteRegrouped, type Regrouped, withoutNodes } from '../groups/groups.ts'
import { journalChange } from '../journal/change.ts'
import { endpointsOf } from '../trust/endpoints.ts'

export interface DeletedNode {
  readonly node: NodeRecord
  /** Identities that are no longer accepted, as no other node uses their endpoint. */
  readonly forgotten: readonly TrustRecord[]
  /** Groups that named it, and do no more. */
  readonly groups: readonly Regrouped[]
}

/**
 * Forgets a node's record, the secrets of its agent, and the identities of its endpoints that no other node uses: an
 * address that is given to another server later must not look like an attack. Groups go on without it. The server is left
 * untouched.
 * @param name a node's name or id
 * @param consent asked before anything is deleted; rejects to stop
 * @throws NotFoundError
 */
export async function deleteNode(
  context: Context,
  name: string,
  consent: (node: NodeRecord) => Promise<void>,
): Promise<DeletedNode> {
  const profile = await context.profile()
  const node = findNode((await profile.read()).nodes, name)
  await consent(node)
  const { nodes, groups } = await profile.update((data) => {
    const gone = findNode(data.nodes, name)
    const nodes = data.nodes.filter((other) => other.id !== gone.id)
    const { data: left, changes } = withoutNodes({ ...data, nodes }, [gone])
    return { data: left, result: { nodes, groups: changes } }
  })
  noteRegrouped(context, groups)
  const forgotten = await forgetNode(context, profile, node, nodes)
  await journalChange(context, { verb: 'nodes delete', node: node.name })
  return { node, forgotten, groups }
}

/**
 * What goes with a record that was deleted: the note of an order under way, identities, secrets.
 * @param rest the nodes that are left
 * @returns identities that are no longer accepted
 */
export async function forgetNode(
  context: Context,
  profile: Profile,
  node: NodeRecord,
  rest: readonly NodeRecord[],
): Promise<readonly TrustRecord[]> {
  const pending = await profile.orders.get(node.id)
  if (pending !== undefined) {
    context.warn(
      `${node.name}: the end of a ${pending.verb} of ${pending.at} was never seen; what became of it is only known on the server`,
    )
    await profile.orders.clear(new Map([[node.id, pending.id]]))
  }
  const used = new Set(rest.flatMap(endpointsOf))
  const unused = endpointsOf(node).filter((endpoint) => !used.has(endpoint))
  const forgotten = await Promise.all(unused.map((endpoint) => profile.trust.remove(endpoint)))
  const { apiKey, nextApiKey, nextServer, archive } = nodeSecrets(node.id)
  for (const secret of [apiKey, nextApiKey, nextServer, archive]) await profile.secrets.delete(secret)
  return forgotten.flat()
}
