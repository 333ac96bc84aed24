import * as v from 'valibot'
import { settingsRequest } from '../../connection/wire/requests.ts'
import { nameProblem } from '../../node/names.ts'
import { endpoint } from '../../node/record.ts'
import type { Settings } from '../../node/settings.ts'
import { groupTextProblem } from '../groups/groups.ts'
import { type NodeText, readFields } from '../nodes/fields.ts'
import { contradictions, type NodeSpec } from '../nodes/merge.ts'
import type { FleetChanges } from './changes.ts'

/**
 * What of a plan's changes no fleet file could have said: a plan that somebody has edited must not bring into the profile
 * what can't be typed.
 * @returns where, and what is wrong; undefined when nothing is
 */
export function changesProblem({ defaults = {}, groups = [], put }: FleetChanges): string | undefined {
  return (
    settingsProblem('changes.defaults', defaults) ??
    firstOf(groups, ({ name, nodes }, index) => groupProblem(`changes.groups.${index}`, name, nodes)) ??
    firstOf(put, ({ spec, settings }, index) => {
      const where = `changes.put.${index}`
      const twice = put.findIndex((other) => other.spec.name === spec.name) !== index
      if (twice) return `${where}.spec.name: ${spec.name} is there twice`
      return specProblem(`${where}.spec`, spec) ?? settingsProblem(`${where}.settings`, settings)
    })
  )
}

function firstOf<T>(list: readonly T[], problemOf: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of list.entries()) {
    const problem = problemOf(item, index)
    if (problem !== undefined) return problem
  }
  return undefined
}

function settingsProblem(where: string, settings: Settings): string | undefined {
  const checked = v.safeParse(settingsRequest, settings)
  if (checked.success) return undefined
  const [issue] = checked.issues
  return `${where}.${v.getDotPath(issue) ?? ''}: ${issue.message}`
}

function groupProblem(where: string, name: string, nodes: string): string | undefined {
  const problem = nameProblem('group', name)
  if (problem !== undefined) return `${where}.name: ${problem}`
  const wrong = groupTextProblem(nodes)
  return wrong === undefined ? undefined : `${where}.nodes: ${wrong}`
}

/** As its fields would be read from a command line. */
function specProblem(where: string, spec: NodeSpec): string | undefined {
  const { name, host, directory, access, mta, port, user, key, service, jump, sudo, addresses, labels } = spec
  const text: NodeText = {
    ...{ name, host, dir: directory, access, mta, sudo, address: addresses },
    label: Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ...(port === undefined ? {} : { port: String(port) }),
    ...(user === undefined ? {} : { user }),
    ...(key === undefined ? {} : { key }),
    ...(service === undefined ? {} : { service }),
    ...(jump === undefined ? {} : { jump: `${jump.user}@${endpoint(jump.host, jump.port)}`, 'jump-key': jump.key }),
  }
  const { fields, problems } = readFields(text)
  const [problem] = [...problems, ...contradictions(spec, fields)]
  return problem === undefined ? undefined : `${where}: ${problem.field}: ${problem.text}`
}
