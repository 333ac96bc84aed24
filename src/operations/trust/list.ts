import type { NodeRecord } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import type { Context } from '../context.ts'
import { endpointsOf, placeOf } from './endpoints.ts'

/** An accepted identity, and who relies on it. */
export interface TrustUse extends TrustRecord {
  /** Names of the nodes reached through this endpoint. */
  readonly nodes: readonly string[]
}

/** Every accepted identity. */
export async function listTrust(context: Context): Promise<readonly TrustUse[]> {
  const profile = await context.profile()
  const [records, { nodes }] = await Promise.all([profile.trust.list(), profile.read()])
  return withNodes(records, nodes)
}

/**
 * What is accepted for one node (its jump host included) or at one endpoint; empty when nothing is.
 * @param target a node's name or id, or `host:port`
 * @throws NotFoundError, UsageError
 */
export async function showTrust(context: Context, target: string): Promise<readonly TrustUse[]> {
  const { nodes } = await (await context.profile()).read()
  const place = placeOf(nodes, target, { jump: false })
  const wanted = place.node === undefined ? [place.endpoint] : endpointsOf(place.node)
  return (await listTrust(context)).filter((record) => wanted.includes(record.endpoint))
}

/** Records with the names of the nodes that are reached through their endpoints. */
export function withNodes(records: readonly TrustRecord[], nodes: readonly NodeRecord[]): readonly TrustUse[] {
  return records.map((record) => ({
    ...record,
    nodes: nodes.filter((node) => endpointsOf(node).includes(record.endpoint)).map((node) => node.name),
  }))
}
