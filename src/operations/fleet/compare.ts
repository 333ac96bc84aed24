import { settingsToPush } from '../../node/effective.ts'
import type { NodeRecord } from '../../node/record.ts'
import { sameSettings } from '../../node/settings.ts'
import type { ProfileData } from '../../profile/profile.ts'
import { keyChanges } from '../mta/keys.ts'
import { describeNode } from '../nodes/describe.ts'
import { changesBetween, type FieldChange } from '../nodes/edit.ts'
import type { NodeStatus } from '../nodes/status.ts'
import type { Drift, FleetNodeResult, GroupChange } from './results.ts'

/** What becomes of one node's record. */
export interface RecordChange extends Pick<FleetNodeResult, 'fields' | 'settings'> {
  readonly node: NodeRecord
  readonly action: 'create' | 'change' | 'delete' | 'none'
  /** Whether what the node would be told changes. */
  readonly effective: boolean
}

/** Every node of two states of a profile, in the order of the later one; deleted nodes last. */
export function recordChanges(before: ProfileData, after: ProfileData): readonly RecordChange[] {
  const old = new Map(before.nodes.map((node) => [node.name, node]))
  const kept = new Set(after.nodes.map(({ name }) => name))
  const defaults = sameSettings(before.defaults, after.defaults)
  return [
    ...after.nodes.map((node): RecordChange => {
      const was = old.get(node.name)
      if (was === undefined) return created(node)
      if (was === node && defaults) return { node, action: 'none', fields: [], settings: [], effective: false }
      const fields = changesBetween(was, node)
      const settings = keyChanges(was.settings, node.settings)
      const action = fields.length + settings.length > 0 ? 'change' : 'none'
      const told = settingsToPush(was.settings, before.defaults)
      return { node, action, fields, settings, effective: !sameSettings(told, settingsToPush(node.settings, after.defaults)) }
    }),
    ...before.nodes
      .filter(({ name }) => !kept.has(name))
      .map((node): RecordChange => ({ node, action: 'delete', fields: [], settings: [], effective: false })),
  ]
}

function created(node: NodeRecord): RecordChange {
  const fields = describeNode(node).flatMap(([field, to]): FieldChange[] =>
    field === 'name' || to === '-' ? [] : [{ field, from: '-', to }],
  )
  return { node, action: 'create', fields, settings: keyChanges({}, node.settings), effective: true }
}

/** The groups in which two states of a profile differ. */
export function groupChanges(before: ProfileData, after: ProfileData): readonly GroupChange[] {
  const old = new Map((before.groups ?? []).map(({ name, nodes }) => [name, nodes]))
  const now = new Map((after.groups ?? []).map(({ name, nodes }) => [name, nodes]))
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)]
    return from === to ? [] : [{ name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
  })
}

/** How a node that was asked is; undefined when it did not answer. */
export function driftOf({ synced, state }: NodeStatus, node: NodeRecord, { defaults }: ProfileData): Drift | undefined {
  if (state === undefined) return undefined
  const { record, installed, edited } = state
  const keys = keyChanges(record?.settings ?? {}, settingsToPush(node.settings, defaults))
  const told = record === undefined || record.revision === 0 ? {} : { by: record.by, at: record.at }
  return { synced, installed, keys, edited, ...(record === undefined ? {} : { revision: record.revision }), ...told }
}
