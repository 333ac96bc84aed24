import { foldNames } from '../../fleet/node-set/fold.ts'
import { readNodeSets, type NodeNames } from '../../fleet/node-set/node-set.ts'
import { rewriteNodeSet } from '../../fleet/node-set/rewrite.ts'
import { filesOf } from '../../fleet/node-set/terms.ts'
import type { NodeRecord } from '../../node/record.ts'
import { AkctlError } from '../../outcome/errors.ts'
import type { NodeGroup, ProfileData } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { groupTexts } from '../run/set-sources.ts'

/** A group, and the nodes it names now. */
export interface GroupMembers extends NodeGroup {
  readonly members: readonly string[]
  /** Why it can't be selected, where it names what is not there. */
  readonly problem?: string
}

/** The profile's groups by name, each with its members; one that names nodes that are not there says so. */
export async function listGroups(context: Context): Promise<readonly GroupMembers[]> {
  const { nodes, groups = [] } = await (await context.profile()).read()
  return membersOf(groups, nodes).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Groups with their members among nodes, in the order given. @param others names of nodes that are going to be there */
export function membersOf(
  groups: readonly NodeGroup[],
  nodes: readonly NodeRecord[],
  others: readonly string[] = [],
): readonly GroupMembers[] {
  const typed = nodes.flatMap(({ name, id }) => [[name, name] as const, [String(id), name] as const])
  const known = new Map([...others.map((name) => [name, name] as const), ...typed])
  return groups.map((group) => withMembers(groups, group, known))
}

/** Characters that a group's set may have: thousands of names that do not fold. */
const GROUP_LIMIT = 65_536

/** Why a text can't be a group's node set, in a profile or a file, whatever nodes there are; undefined: it can. */
export function groupTextProblem(text: string): string | undefined {
  if (text.length > GROUP_LIMIT || /\p{Cc}/u.test(text)) {
    return `not a set of nodes: give one line of at most ${GROUP_LIMIT} characters, such as mx[01-40]!mx07`
  }
  try {
    rewriteNodeSet(text, (name) => name)
    return text !== '' && filesOf(text).length > 0 ? 'a group holds nodes and groups, no files' : undefined
  } catch (error) {
    if (error instanceof AkctlError) return error.message
    throw error
  }
}

/** @param known the names of nodes, by name and id */
function withMembers(groups: readonly NodeGroup[], group: NodeGroup, known: ReadonlyMap<string, string>): GroupMembers {
  try {
    const { names, without } = namesOf(groups, group.name, (typed) => known.get(typed) ?? typed)
    const missing = [...names, ...without].filter((name) => !known.has(name))
    const problem = missing.length === 0 ? {} : { problem: `there is no ${foldNames(missing)}` }
    return { ...group, members: names.filter((name) => known.has(name)), ...problem }
  } catch (error) {
    if (!(error instanceof AkctlError)) throw error
    return { ...group, members: [], problem: error.message }
  }
}

function namesOf(groups: readonly NodeGroup[], name: string, nameOf?: (typed: string) => string): NodeNames {
  return readNodeSets([`@${name}`], { groups: groupTexts(groups), text: () => '' }, nameOf)
}

/** What became of a group when a node of it was renamed or deleted. */
export interface Regrouped {
  readonly name: string
  readonly from: string
  readonly to: string
}

/** A profile's data, and which of its groups were changed. */
export interface RegroupedData {
  readonly data: ProfileData
  readonly changes: readonly Regrouped[]
}

/** The data with its groups going on without nodes that are deleted: none is left with a node that is not there. */
export function withoutNodes(data: ProfileData, gone: readonly NodeRecord[]): RegroupedData {
  const typed = new Set(gone.flatMap(({ name, id }) => [name, String(id)]))
  return typed.size === 0 ? { data, changes: [] } : regrouped(data, (name) => (typed.has(name) ? undefined : name))
}

/** The data with a node's new name in its groups. */
export function withRenamed(data: ProfileData, before: NodeRecord, after: NodeRecord): RegroupedData {
  if (before.name === after.name) return { data, changes: [] }
  return regrouped(data, (name) => (name === before.name ? after.name : name))
}

function regrouped(data: ProfileData, change: (name: string) => string | undefined): RegroupedData {
  const { groups } = data
  if (groups === undefined) return { data, changes: [] }
  const pairs = groups.map((group) => ({ from: group, to: { ...group, nodes: changed(groups, group, change) } }))
  return {
    data: { ...data, groups: pairs.map(({ to }) => to) },
    changes: pairs.flatMap(({ from, to }) =>
      from.nodes === to.nodes ? [] : [{ name: from.name, from: from.nodes, to: to.nodes }],
    ),
  }
}

/** One that can't be read stays as it is: `groups list` shows what is wrong with it. */
function changed(groups: readonly NodeGroup[], { name, nodes }: NodeGroup, change: (name: string) => string | undefined): string {
  try {
    const set = rewriteNodeSet(nodes, change)
    return set ?? foldNames(namesOf(groups, name).names.flatMap((each) => change(each) ?? []))
  } catch (error) {
    if (error instanceof AkctlError) return nodes
    throw error
  }
}

/** Says which groups a change of a node has changed. */
export function noteRegrouped(context: Context, changes: readonly Regrouped[]): void {
  for (const { name, from, to } of changes) {
    context.note(
      to === '' ? `the group ${name} was ${from}, and has no nodes any more` : `the group ${name} was ${from}, and is ${to} now`,
    )
  }
}
