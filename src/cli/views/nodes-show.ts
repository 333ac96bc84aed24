import { formatValue } from '../../node/setting-values.ts'
import { findSetting } from '../../node/settings.ts'
import type { EffectiveSetting } from '../../node/effective.ts'
import { describeNode } from '../../operations/nodes/describe.ts'
import type { NodeDetails } from '../../operations/nodes/show.ts'
import type { NodeStatus } from '../../operations/nodes/status.ts'
import { type Details, detailsTable, detailsText } from './details.ts'
import type { View } from './view.ts'

export const nodesShowView: View<NodeDetails> = {
  schema: 'nodes.show/1',
  table: ({ data }) => detailsTable(data === undefined ? [] : details(data)),
  text: ({ data }, style) => (data === undefined ? '' : detailsText(details(data), style)),
  names: ({ data }) => [data?.node.name ?? ''],
}

function details({ node, settings, trust, status }: NodeDetails): Details {
  return [
    ['id', String(node.id)],
    ...describeNode(node),
    ['created', node.createdAt],
    ['base revision', node.baseRevision === undefined ? '-' : String(node.baseRevision)],
    ['settings', orDash(settings.flatMap(settingLine))],
    ['trust', orDash(trust.map(({ endpoint, type = 'any type', fingerprint }) => `${endpoint} ${type} ${fingerprint}`))],
    ...(status === undefined ? [] : statusDetails(status)),
  ]
}

function settingLine({ key, origin, value }: EffectiveSetting): readonly string[] {
  const def = findSetting(key)
  if (value === undefined || def === undefined) return []
  return [`${key}=${formatValue(def, value)} (${origin === 'node' ? "the node's own" : "the profile's default"})`]
}

function statusDetails({ status, synced, state, error }: NodeStatus): Details {
  const head: Details = [
    ['status', status],
    ['synced', synced],
  ]
  if (error !== undefined) return [...head, ['why', [error.message, ...error.hints.map((hint) => `-> ${hint}`)]]]
  if (state === undefined) return head
  const { record, edited, queue } = state
  return [
    ...head,
    [
      'revision',
      record === undefined
        ? 'none'
        : `${record.revision} of ${record.at} by ${record.by}${record.reason === '' ? '' : `: ${record.reason}`}`,
    ],
    ['loaded', state.loaded === undefined ? '-' : `revision ${state.loaded}`],
    ['edited', orDash(edited)],
    ['process', state.pid === undefined ? '-' : `pid ${state.pid}, up ${state.uptime ?? '?'} s`],
    ['version', state.version ?? '-'],
    ['listening', orDash(state.listening)],
    ['queue', queue === undefined ? '-' : `${queue.messages}${queue.capped ? ' or more' : ''} messages`],
  ]
}

function orDash(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ['-'] : lines
}
