import { findNode } from '../../fleet/select.ts'
import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import { UsageError } from '../../outcome/errors.ts'

/** An endpoint that identities are kept for. */
export interface Place {
  /** What it is identified by: a host key, or a certificate. */
  readonly kind: TrustRecord['kind']
  readonly host: string
  readonly port: number
  /** `host:port`, as trust records name it. */
  readonly endpoint: string
  /** The node that was named; absent when an endpoint was. */
  readonly node?: NodeRecord
}

/** How the place is meant. */
export interface PlaceOptions {
  /** The node's jump host instead of the node itself. */
  readonly jump: boolean
}

/**
 * The endpoint of a node (or of its jump host), or one that was typed as `host:port` or `[v6]:port`: an SSH server's,
 * unless an agent of this profile is known to be there.
 * @throws NotFoundError for an unknown node; UsageError for a node that has no identity
 */
export function placeOf(nodes: readonly NodeRecord[], target: string, options: PlaceOptions): Place {
  if (target.includes(':')) {
    if (options.jump) throw new UsageError(`${target} is an endpoint: --jump is for a node, and means its jump host`)
    return typedPlace(nodes, target)
  }
  const node = findNode(nodes, target)
  if (options.jump) return jumpPlace(node)
  if (node.access !== 'local') return place(kindOf(node), node.host, endpointPort(node), node)
  throw new UsageError(`${node.name} is this machine: it is reached without a network, so there is no identity`)
}

/** The endpoints a node is reached through: its own, and its jump host's. None for a node of this machine. */
export function endpointsOf(node: NodeRecord): readonly string[] {
  if (node.access === 'local') return []
  const own = endpoint(node.host, endpointPort(node))
  return node.jump === undefined ? [own] : [own, endpoint(node.jump.host, node.jump.port)]
}

function kindOf({ access }: NodeRecord): Place['kind'] {
  return access === 'https' ? 'tls' : 'ssh'
}

function jumpPlace(node: NodeRecord): Place {
  if (node.access === 'https') throw new UsageError(`${node.name} is reached by https, and so by no jump host`)
  if (node.jump === undefined) {
    throw new UsageError(`${node.name} has no jump host`, { hints: [`akctl nodes edit ${node.name} --jump user@host:port`] })
  }
  return place('ssh', node.jump.host, node.jump.port, node)
}

function typedPlace(nodes: readonly NodeRecord[], text: string): Place {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]@\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65535) {
    throw new UsageError(`"${text}" is no endpoint: give host:port, [v6-address]:port, or the name of a node`)
  }
  const typed = endpoint(host.toLowerCase(), port)
  const agent = nodes.some((node) => node.access === 'https' && endpoint(node.host, endpointPort(node)) === typed)
  return place(agent ? 'tls' : 'ssh', host.toLowerCase(), port)
}

function place(kind: Place['kind'], host: string, port: number, node?: NodeRecord): Place {
  return { kind, host, port, endpoint: endpoint(host, port), ...(node === undefined ? {} : { node }) }
}
