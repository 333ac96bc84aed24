import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'

/** A node's record as words for people, in the order they are shown; `-` where nothing is set. */
export function describeNode(node: NodeRecord): readonly (readonly [field: string, value: string])[] {
  const { jump } = node
  const ssh = node.access === 'ssh'
  return [
    ['name', node.name],
    ['host', node.host],
    ['port', node.access === 'local' ? '-' : String(endpointPort(node))],
    ['directory', node.directory],
    ['access', node.access],
    ['mta', node.mta],
    ['user', node.user ?? (ssh ? 'root' : '-')],
    ['key', node.key ?? (ssh ? 'agent' : '-')],
    ['sudo', node.sudo ? 'yes' : 'no'],
    ['jump', jump === undefined ? '-' : `${jump.user}@${endpoint(jump.host, jump.port)} with ${jump.key}`],
    ['service', node.service ?? '-'],
    ['addresses', node.addresses.join(',') || '-'],
    ['labels', labelsText(node.labels)],
  ]
}

/** `env=prod,role=relay`, sorted; `-` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return words.sort().join(',') || '-'
}
