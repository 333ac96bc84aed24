import { type EffectiveSetting, effectiveSettings } from '../../node/effective.ts'
import { findNode } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { Context } from '../context.ts'
import { endpointsOf } from '../trust/endpoints.ts'
import { type TrustUse, withNodes } from '../trust/list.ts'
import { type NodeStatus, askStatus } from './status.ts'

/** Everything on one node. */
export interface NodeDetails {
  readonly node: NodeRecord
  /** All 23, with what holds and where it comes from. */
  readonly settings: readonly EffectiveSetting[]
  /** What is accepted at its endpoints. */
  readonly trust: readonly TrustUse[]
  /** Absent when the node was not asked. */
  readonly status?: NodeStatus
}

/**
 * Everything on one node: its record, its settings, what is trusted, and (unless `ask` is false) how it is now.
 * @param name a node's name or id
 * @throws NotFoundError; never for a node that does not answer
 */
export async function showNode(context: Context, name: string, ask: boolean): Promise<NodeDetails> {
  const profile = await context.profile()
  const { nodes, defaults } = await profile.read()
  const node = findNode(nodes, name)
  const endpoints = endpointsOf(node)
  const [status] = ask ? await askStatus(context, { profile, nodes: [node], defaults }, { concurrency: 1 }) : []
  const records = (await profile.trust.list()).filter(({ endpoint }) => endpoints.includes(endpoint))
  return {
    node,
    settings: effectiveSettings(node.settings, defaults),
    trust: withNodes(records, nodes),
    ...(status === undefined ? {} : { status }),
  }
}
