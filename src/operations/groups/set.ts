import { foldNames } from '../../fleet/node-set/fold.ts'
import { filesOf, readNodeSet } from '../../fleet/node-set/node-set.ts'
import { selectNodes } from '../../fleet/select.ts'
import { checkName } from '../../node/names.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { sourcesOf } from '../node/set-sources.ts'
import type { GroupMembers } from './groups.ts'

/**
 * Makes a group, or gives it other nodes. It keeps the set as typed, so that a group of groups follows them; names from
 * a file or stdin are kept as names.
 * @throws UsageError for a name or set that is none, or a group that would hold itself; NotFoundError for unknown nodes
 */
export async function setGroup(context: Context, name: string, sets: readonly string[]): Promise<GroupMembers> {
  checkName('group', name)
  const profile = await context.profile()
  const typed = sets.join(',')
  const { text } = await sourcesOf(context, [], [typed])
  const group = await profile.update((data) => {
    const others = (data.groups ?? []).filter((other) => other.name !== name)
    const own: NodeGroup = { name, nodes: typed }
    const byName = new Map([...others, own].map((each) => [each.name, each.nodes]))
    const sources = { group: (wanted: string) => byName.get(wanted), text }
    const members = selectNodes(data.nodes, { names: [`@${name}`] }, 'none', sources).map((node) => node.name)
    const kept = filesOf(typed).length === 0 ? own : { name, nodes: foldNames(readNodeSet(typed, sources).names) }
    return { data: { ...data, groups: [...others, kept] }, result: { ...kept, members } }
  })
  await journalChange(context, { verb: 'groups set', message: `${name}: ${group.nodes}` })
  return group
}
