import { endpoint, endpointPort, type NodeRecord } from '../../node/record.ts'
import { formatValue } from '../../node/setting-values.ts'
import { settingDefs, type Settings } from '../../node/settings.ts'
import type { ProfileData } from '../../profile/profile.ts'
import type { FleetFile } from './check.ts'
import { FILE_VERSION, NODE_FIELDS } from './definition.ts'
import { type Tree, type TreeMap } from './tree.ts'

/** A profile as the content of a fleet file, as short as it can be written. */
export function treeOf({ defaults, groups = [], nodes }: Pick<ProfileData, 'defaults' | 'groups' | 'nodes'>): TreeMap {
  return mapOf([
    ['version', FILE_VERSION],
    ['defaults', settingsTree(defaults)],
    ['groups', mapOf(groups.map((group) => [group.name, group.nodes]))],
    ['nodes', mapOf(nodes.map((node) => [node.name, nodeTree(node)]))],
  ])
}

/** What a fleet file says, in the same form, so that two spellings of one thing are the same. */
export function treeOfFile({ defaults = {}, groups = [], nodes = [] }: FleetFile): TreeMap {
  const records = nodes.map(({ spec, settings }): NodeRecord => ({ id: 1, ...spec, settings, createdAt: '' }))
  return treeOf({ defaults, groups, nodes: records })
}

function nodeTree(node: NodeRecord): TreeMap {
  const { access, jump, user = 'root', key = 'agent' } = node
  const values: Readonly<Record<string, Tree | undefined>> = {
    host: access === 'local' && node.host === 'localhost' ? undefined : node.host,
    port: node.port === undefined || node.port === endpointPort({ access }) ? undefined : String(node.port),
    dir: node.directory,
    access,
    user: user === 'root' ? undefined : user,
    key: key === 'agent' ? undefined : key,
    sudo: node.sudo ? 'true' : undefined,
    jump: jump === undefined ? undefined : `${jump.user}@${endpoint(jump.host, jump.port)}`,
    'jump-key': jump === undefined || jump.key === key ? undefined : jump.key,
    mta: node.mta,
    service: node.service,
    addresses: node.addresses.length === 0 ? undefined : [...node.addresses],
    labels: filled(mapOf(Object.entries(node.labels).sort(([a], [b]) => (a < b ? -1 : 1)))),
    settings: filled(settingsTree(node.settings)),
  }
  return mapOf(Object.keys(NODE_FIELDS).flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])))
}

/** In the page's order. */
function settingsTree(settings: Settings): TreeMap {
  return mapOf(
    settingDefs().flatMap((def) => {
      const value = settings[def.key]
      return value === undefined ? [] : [[def.key, formatValue(def, value)]]
    }),
  )
}

function mapOf(entries: readonly (readonly [string, Tree])[]): TreeMap {
  const map: TreeMap = {}
  for (const [key, value] of entries) map[key] = value
  return map
}

function filled(map: TreeMap): TreeMap | undefined {
  return Object.keys(map).length === 0 ? undefined : map
}
