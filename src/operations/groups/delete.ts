import { unknownGroup } from '../../fleet/node-set/node-set.ts'
import { groupsOf } from '../../fleet/node-set/terms.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { groupTexts } from '../run/set-sources.ts'

/**
 * Forgets a group; its nodes stay.
 * @throws NotFoundError; UsageError while another group names it
 */
export async function deleteGroup(context: Context, name: string): Promise<NodeGroup> {
  const profile = await context.profile()
  const group = await profile.update((data) => {
    const { groups = [] } = data
    const found = groups.find((each) => each.name === name)
    if (found === undefined) throw unknownGroup(name, groupTexts(groups).keys())
    const users = groups.filter((other) => other.name !== name && other.nodes !== '' && groupsOf(other.nodes).includes(name))
    if (users.length > 0) {
      const names = users.map((user) => user.name)
      throw new UsageError(`the group ${name} is named by ${names.join(', ')}`, {
        hints: names.map((user) => `set it anew first: akctl groups set ${user} NODES`),
      })
    }
    return { data: { ...data, groups: groups.filter((each) => each !== found) }, result: found }
  })
  await journalChange(context, { verb: 'groups delete', message: `${name}: ${group.nodes}` })
  return group
}
