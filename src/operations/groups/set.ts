import { foldNames } from '../../fleet/node-set/fold.ts'
import { readNodeSets } from '../../fleet/node-set/node-set.ts'
import { filesOf, termsOf } from '../../fleet/node-set/terms.ts'
import { selectNodes } from '../../fleet/select.ts'
import { checkName } from '../../node/names.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { groupTexts, sourcesOf } from '../run/set-sources.ts'
import { type GroupMembers, groupTextProblem } from './groups.ts'

/**
 * Makes a group, or gives it other nodes. It keeps the set as typed, so that a group of groups follows them; names from
 * a file or stdin are kept as names.
 * @param sets all of them together; one empty text is a group without nodes
 * @throws UsageError for a name or set that is none or too long, or a group that would hold itself; NotFoundError for unknown nodes
 */
export async function setGroup(context: Context, name: string, sets: readonly string[]): Promise<GroupMembers> {
  checkName('group', name)
  const profile = await context.profile()
  const typed = joined(sets)
  const files = typed === '' ? [] : filesOf(typed)
  const { text } = await sourcesOf(context, [], files)
  const group = await profile.update((data) => {
    const others = (data.groups ?? []).filter((other) => other.name !== name)
    const own: NodeGroup = { name, nodes: typed }
    const sources = { groups: groupTexts([...others, own]), text }
    const names = typed === '' ? [] : selectNodes(data.nodes, { names: [`@${name}`] }, 'none', sources)
    const kept = files.length === 0 ? own : { name, nodes: foldNames(readNodeSets([typed], sources).names) }
    refuseProblem(kept)
    return { data: { ...data, groups: [...others, kept] }, result: { ...kept, members: names.map((node) => node.name) } }
  })
  await journalChange(context, { verb: 'groups set', message: `${name}: ${group.nodes}` })
  return group
}

/** What the profile keeps must fit into a fleet file as well. */
function refuseProblem({ name, nodes }: NodeGroup): void {
  const problem = groupTextProblem(nodes)
  if (problem === undefined) return
  throw new UsageError(`the group ${name}: ${problem}`, {
    hints: [`a large group can be made of others: akctl groups set ${name} @ONE,@TWO`],
  })
}

/** Several sets as one; operators go from left to right over the whole, so what follows the first can only be added. */
function joined(sets: readonly string[]): string {
  const [first = '', ...more] = sets.map((set) => set.trim())
  const wrong = more.find((set) => termsOf(set).some(({ operator }) => operator !== ','))
  if (wrong === undefined) return [first, ...more].join(',')
  throw new UsageError(`'${wrong}' can't be joined to what is before it in one set`, {
    hints: ['write one set: operators are taken from left to right, so what is to be added comes last'],
  })
}
