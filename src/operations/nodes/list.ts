import type { Selection } from '../../fleet/select.ts'
import { type NodeRecord, endpointPort } from '../../node/record.ts'
import type { Synced } from '../../node/state.ts'
import type { ErrorReport } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { type Fleet, loadFleet } from '../run/fleet.ts'
import type { NodeStatus } from './status.ts'

/** One line of the list. */
export interface ListedNode extends Pick<
  NodeRecord,
  'id' | 'name' | 'host' | 'access' | 'mta' | 'directory' | 'addresses' | 'labels'
> {
  /** Absent for a node of this machine. */
  readonly port?: number
  /** Absent when the nodes were not asked. */
  readonly status?: NodeStatus['status']
  readonly synced?: Synced
  /** Why there is no status. */
  readonly error?: ErrorReport
}

/**
 * The selected nodes, all when nothing is named.
 * @param ask how many nodes are asked for their status at once; undefined: none is
 * @throws as selectNodes; never for a node that does not answer
 */
export async function listNodes(context: Context, selection: Selection, ask?: number): Promise<readonly ListedNode[]> {
  const fleet = await loadFleet(context, selection, 'all')
  const answers = ask === undefined ? [] : await answersOf(context, fleet, ask)
  return fleet.nodes.map((node, at) => listed(node, answers[at]))
}

/** What connects is loaded only here: a list without status starts faster by it. */
async function answersOf(context: Context, fleet: Fleet, concurrency: number): Promise<readonly NodeStatus[]> {
  const { askStatus } = await import('./status.ts')
  return askStatus(context, fleet, { concurrency })
}

function listed(node: NodeRecord, answer: NodeStatus | undefined): ListedNode {
  const { id, name, host, access, mta, directory, addresses, labels } = node
  const port = access === 'local' ? {} : { port: endpointPort(node) }
  const found = answer === undefined ? {} : { status: answer.status, synced: answer.synced }
  const error = answer?.error === undefined ? {} : { error: answer.error }
  return { id, name, host, ...port, access, mta, directory, addresses, labels, ...found, ...error }
}
