import { groupsOf } from '../../fleet/node-set/node-set.ts'
import { nearNames } from '../../node/near.ts'
import { NotFoundError, UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'

/**
 * Forgets a group; its nodes stay.
 * @throws NotFoundError; UsageError while another group names it
 */
export async function deleteGroup(context: Context, name: string): Promise<NodeGroup> {
  const profile = await context.profile()
  const group = await profile.update((data) => {
    const { groups = [] } = data
    const found = groups.find((each) => each.name === name)
    const near = nearNames(
      name,
      groups.map((each) => each.name),
    )
    if (found === undefined) {
      throw new NotFoundError(`no such group: ${name}`, {
        hints: [...near.map((meant) => `did you mean ${meant}?`), 'akctl groups list shows those of this profile'],
      })
    }
    const users = groups.filter((other) => other.name !== name && groupsOf(other.nodes).includes(name))
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
