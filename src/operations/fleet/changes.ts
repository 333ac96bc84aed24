import { createHash } from 'node:crypto'
import type { SetSources } from '../../fleet/node-set/node-set.ts'
import { type Selection, selectNodes } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import { sameSettings, type Settings } from '../../node/settings.ts'
import type { NodeGroup, ProfileData } from '../../profile/profile.ts'
import { withoutNodes } from '../groups/groups.ts'
import { changesBetween, placed } from '../nodes/edit.ts'
import type { NodeSpec } from '../nodes/merge.ts'
import type { FleetFile, FleetNode } from './check.ts'

/** All fields of a spec; the compiler sees to it that none is missing. */
const SPEC_FIELDS = Object.keys({
  ...{ name: 0, host: 0, port: 0, directory: 0, access: 0, mta: 0, user: 0, key: 0, sudo: 0, jump: 0, service: 0, addresses: 0 },
  labels: 0,
} satisfies Record<keyof NodeSpec, 0>) as (keyof NodeSpec)[]

/** What makes a profile as a fleet file wants it. */
export interface FleetChanges {
  /** All defaults, where any changes. */
  readonly defaults?: Settings
  /** All groups, where any changes. */
  readonly groups?: readonly NodeGroup[]
  /** Nodes that are created or changed, whole. */
  readonly put: readonly FleetNode[]
  /** Names of nodes that are deleted. */
  readonly remove: readonly string[]
}

/** What a file asks of a profile. */
export interface Wanted {
  readonly changes: FleetChanges
  /** Names of the selected nodes of the file. */
  readonly listed: readonly string[]
  /** Nodes and groups of the profile that the file does not name, and that stay. */
  readonly unlisted: readonly string[]
  readonly unlistedGroups: readonly string[]
}

/**
 * Compares a profile with a file. What the file names is to be whole as it says; what it does not name stays, unless
 * `prune` is given and the section is there.
 * @param sources what the selection's node sets may name besides nodes
 * @throws as selectNodes, for the nodes of file and profile together
 */
export function wantedBy(file: FleetFile, data: ProfileData, selection: Selection, prune: boolean, sources?: SetSources): Wanted {
  const { nodes = [], defaults } = file
  const byName = new Map(data.nodes.map((node) => [node.name, node]))
  const after = nodes.map((node, index) => wantedRecord(byName.get(node.spec.name), node, data.nextId + index))
  const names = new Set(nodes.map(({ spec }) => spec.name))
  const others = data.nodes.filter(({ name }) => !names.has(name))
  const selected = new Set(selectNodes([...after, ...others], selection, 'all', sources).map(({ name }) => name))
  const surplus = others.map(({ name }) => name).filter((name) => selected.has(name))
  const removes = prune && file.nodes !== undefined
  const gone = new Set(removes ? surplus : [])
  const { groups, unlistedGroups } = wantedGroups(file.groups, data, gone, prune)
  const changes: FleetChanges = {
    ...(defaults === undefined || sameSettings(defaults, data.defaults) ? {} : { defaults }),
    ...(groups === undefined ? {} : { groups }),
    put: nodes.filter(({ spec }, index) => selected.has(spec.name) && byName.get(spec.name) !== after[index]),
    remove: [...gone],
  }
  const listed = nodes.map(({ spec }) => spec.name).filter((name) => selected.has(name))
  return { changes, listed, unlisted: removes ? [] : surplus, unlistedGroups }
}

/** The profile with the changes made. @param at when, for the nodes that are created */
export function changed(data: ProfileData, changes: FleetChanges, at: string): ProfileData {
  const { put, remove, defaults, groups } = changes
  if (put.length + remove.length === 0 && defaults === undefined && groups === undefined) return data
  const wanted = new Map(put.map((node) => [node.spec.name, node]))
  const gone = new Set(remove)
  const kept = data.nodes
    .filter(({ name }) => !gone.has(name))
    .map((before) => {
      const node = wanted.get(before.name)
      return node === undefined ? before : recordOf(before, node, before.id, at)
    })
  const there = new Set(data.nodes.map(({ name }) => name))
  const fresh = put.filter(({ spec }) => !there.has(spec.name))
  const created = fresh.map((node, index) => recordOf(undefined, node, data.nextId + index, at))
  return {
    ...data,
    ...(defaults === undefined ? {} : { defaults }),
    ...(groups === undefined ? {} : { groups }),
    nextId: data.nextId + created.length,
    nodes: [...kept, ...created],
  }
}

/** All groups that there are after a file was applied, without `prune`; the file's come first. */
export function groupsWith(file: FleetFile, { groups = [] }: ProfileData): readonly NodeGroup[] {
  const { groups: own = [] } = file
  const names = new Set(own.map(({ name }) => name))
  return [...own, ...groups.filter(({ name }) => !names.has(name))]
}

/**
 * Tells states of a profile apart: its defaults, groups and nodes, but not what akctl keeps of them for itself (ids, the
 * revision it knows a node to be at).
 */
export function fingerprintOf({ defaults, groups = [], nodes }: ProfileData): string {
  const own = nodes.map((node) => ({
    ...node,
    id: undefined,
    baseRevision: undefined,
    baseRevisionId: undefined,
    createdAt: undefined,
  }))
  const text = JSON.stringify({ defaults, groups, nodes: own })
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function recordOf(before: NodeRecord | undefined, { spec, settings }: FleetNode, id: number, at: string): NodeRecord {
  return before === undefined ? { id, ...spec, settings, createdAt: at } : { ...placed(before, spec), settings }
}

/** The record as a file wants it; the very same one where nothing changes. */
function wantedRecord(before: NodeRecord | undefined, node: FleetNode, id: number): NodeRecord {
  if (before === undefined) return recordOf(before, node, id, '')
  const settings = sameSettings(before.settings, node.settings)
  if (settings && sameFields(before, node.spec)) return before
  const after = recordOf(before, node, id, '')
  return settings && changesBetween(before, after).length === 0 ? before : after
}

/** Whether two specs are written alike: quick, and true of most nodes. What says the same in other words is looked at closer. */
function sameFields(before: NodeSpec, spec: NodeSpec): boolean {
  for (const field of SPEC_FIELDS) {
    if (!sameShallow(before[field], spec[field])) return false
  }
  return true
}

function sameShallow(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other
  const keys = Object.keys(one) as (keyof typeof one)[]
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}

/**
 * All groups, in the profile's order; undefined when none changes.
 * @param gone nodes that are deleted: what the file does not say of a group goes on without them
 */
function wantedGroups(
  wanted: readonly NodeGroup[] | undefined,
  data: ProfileData,
  gone: ReadonlySet<string>,
  prune: boolean,
): { readonly groups?: readonly NodeGroup[]; readonly unlistedGroups: readonly string[] } {
  const { groups: before = [] } = data
  const deleted = data.nodes.filter(({ name }) => gone.has(name))
  const { groups: left = [] } = withoutNodes(data, deleted).data
  const { groups, unlistedGroups } =
    wanted === undefined ? { groups: left, unlistedGroups: [] } : mergedGroups(wanted, left, prune)
  return JSON.stringify(groups) === JSON.stringify(before) ? { unlistedGroups } : { groups, unlistedGroups }
}

function mergedGroups(
  wanted: readonly NodeGroup[],
  before: readonly NodeGroup[],
  prune: boolean,
): { readonly groups: readonly NodeGroup[]; readonly unlistedGroups: readonly string[] } {
  const texts = new Map(wanted.map(({ name, nodes }) => [name, nodes]))
  const known = new Set(before.map(({ name }) => name))
  const unlisted = before.filter(({ name }) => !texts.has(name))
  const kept = before.filter(({ name }) => !prune || texts.has(name))
  const after = [
    ...kept.map(({ name, nodes }) => ({ name, nodes: texts.get(name) ?? nodes })),
    ...wanted.filter(({ name }) => !known.has(name)),
  ]
  return { groups: after, unlistedGroups: prune ? [] : unlisted.map(({ name }) => name) }
}
