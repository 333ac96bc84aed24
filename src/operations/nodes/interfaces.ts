import type { Selection } from '../../fleet/select.ts'
import { canonicalAddress } from '../../node/address.ts'
import type { InterfaceInfo } from '../../mta/shared/results.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'
import { visit, type Width } from '../run/visit.ts'

/** One address of a node, and what the node uses it for. */
export interface NodeAddress extends InterfaceInfo {
  /** `yes`: the node's record names it as one it sends from; `any`: the record names none, the system chooses. */
  readonly sends: 'yes' | 'no' | 'any'
}

/** The addresses of every selected node. */
export async function nodeInterfaces(
  context: Context,
  selection: Selection,
  width: Width,
): Promise<readonly NodeOutcome<readonly NodeAddress[]>[]> {
  const fleet = await loadFleet(context, selection)
  return visit<readonly NodeAddress[]>(context, fleet, width, { kind: 'read' }, async ({ connection, node }) => {
    const found = await connection.interfaces()
    const sending = new Set(node.addresses.map(canonicalAddress))
    const there = new Set(found.map(({ address }) => canonicalAddress(address)))
    const missing = node.addresses.filter((address) => !there.has(canonicalAddress(address)))
    if (missing.length > 0) {
      context.warn(`${node.name}: it is to send from ${missing.join(', ')}, but the machine has no such address`)
    }
    return { outcome: 'ok', result: found.map((info) => ({ ...info, sends: sendsFrom(sending, info.address) })) }
  })
}

function sendsFrom(sending: ReadonlySet<string>, address: string): NodeAddress['sends'] {
  if (sending.size === 0) return 'any'
  return sending.has(canonicalAddress(address)) ? 'yes' : 'no'
}
