import { foldNames } from '../../fleet/node-set/fold.ts'
import { groupsOf, readNodeSet, type SetSources } from '../../fleet/node-set/node-set.ts'
import type { NodeGroup, ProfileData } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** A group, and the nodes it names now. */
export interface GroupMembers extends NodeGroup {
  readonly members: readonly string[]
  /** Why it can't be selected, where it names what is not there. */
  readonly problem?: string
}

/** A profile's groups as sources of node sets. */
export function groupSources(groups: readonly NodeGroup[]): SetSources {
  const byName = new Map(groups.map(({ name, nodes }) => [name, nodes]))
  return { group: (name) => byName.get(name), text: () => '' }
}

/** The profile's groups by name, each with its members; one that names nodes that are not there says so. */
export async function listGroups(context: Context): Promise<readonly GroupMembers[]> {
  const data = await (await context.profile()).read()
  const { groups = [] } = data
  return groups.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((group) => membersOf(data, group))
}

function membersOf({ nodes, groups = [] }: ProfileData, group: NodeGroup): GroupMembers {
  const known = new Set(nodes.flatMap(({ name, id }) => [name, String(id)]))
  try {
    const { names } = readNodeSet(`@${group.name}`, groupSources(groups))
    const missing = names.filter((name) => !known.has(name))
    const problem = missing.length === 0 ? {} : { problem: `there is no ${foldNames(missing)}` }
    return { ...group, members: names.filter((name) => known.has(name)), ...problem }
  } catch (error) {
    return { ...group, members: [], problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Warns of groups that can't be selected any more, now that a node's name is gone, with what would mend each. */
export function warnOfBroken(context: Context, data: ProfileData, name: string): void {
  for (const group of data.groups ?? []) {
    const { members, problem } = membersOf(data, group)
    if (problem === undefined || groupsOf(group.nodes).length > 0) continue // one that names groups is mended by them
    const rest =
      members.length === 0 ? `akctl groups delete ${group.name}` : `akctl groups set ${group.name} '${foldNames(members)}'`
    context.warn(`the group ${group.name} names ${name}, which is gone, and can't be selected until it is set anew: ${rest}`)
  }
}
