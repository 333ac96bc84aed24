import type { Lease, LeaseState } from '../../node/lease.ts'
import type { Released } from '../../operations/locks/release.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { type Details, detailsTable, detailsText } from './details.ts'
import type { View } from './view.ts'
import { ago } from './words.ts'

/** A line a node that has a lease, or could not be asked. */
export const locksListView: View<undefined, LeaseState> = {
  schema: 'locks.list/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'ID', 'BY', 'OPERATION', 'SINCE', 'UNTIL', 'JOB', 'REASON'],
    rows: nodes.flatMap(({ node, outcome, result }) => {
      if (result === undefined) return [[node, '-', outcome, '-', '-', '-', '-', '-']]
      const { lease } = result
      if (lease === undefined) return []
      const { id, by, operation, job = '-', reason, taken } = lease
      return [[node, id, by, operation, moment(taken), untilWords(lease, result), job, reason || '-']]
    }),
  }),
}

/** One node's lease. */
export const locksShowView: View<undefined, LeaseState> = {
  schema: 'locks.show/1',
  table: ({ nodes = [] }) => detailsTable(nodes.flatMap(details)),
  text: ({ nodes = [] }, style) => detailsText(nodes.flatMap(details), style),
  names: ({ nodes = [] }) => nodes.flatMap(({ result }) => result?.lease?.id ?? []),
}

/** What became of a lease on each node; why one failed is said once, below the table. */
export const locksReleaseView: View<undefined, Released> = {
  schema: 'locks.release/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'OUTCOME', 'WHAT'],
    rows: nodes.map(({ node, outcome, result }) => [node, outcome, result === undefined ? '-' : releaseWords(result)]),
  }),
}

function releaseWords({ lease, dryRun }: Released): string {
  if (lease === undefined) return 'has no such lease, nothing to do'
  return `${dryRun ? 'would be ' : ''}released: ${lease.by}, ${lease.operation}`
}

function details({ node, outcome, result }: NodeOutcome<LeaseState>): Details {
  if (result === undefined) return [[node, outcome]]
  const { lease } = result
  if (lease === undefined) return [[node, 'nobody is at work on it, and nobody keeps it']]
  const { id, by, host, pid, job = '-', operation, reason, taken, kept } = lease
  return [
    [node, kept ? 'kept' : 'at work'],
    ['id', id],
    ['by', by],
    ['process', `pid ${pid} on ${host}`],
    ['job', job],
    ['operation', operation],
    ['reason', reason || '-'],
    ['since', moment(taken)],
    ['until', untilWords(lease, result)],
  ]
}

function untilWords({ kept, until }: Lease, { clock }: LeaseState): string {
  return kept && until > clock ? `${moment(until)} (${ago(until - clock)}), unless renewed` : 'its order ends'
}

/** A moment by the node's clock. */
function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}
