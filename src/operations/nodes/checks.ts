import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Profile } from '../../profile/profile.ts'
import { unknownKey } from '../keys/find.ts'
import type { NodeSpec } from './merge.ts'

/** Looked at while the profile is being changed: no key goes away then. @throws NotFoundError for the first that is not there */
export async function checkKeys(profile: Profile, spec: NodeSpec): Promise<void> {
  const named = [spec.key, spec.jump?.key].flatMap((key) => (key === undefined || key === 'agent' ? [] : [key]))
  if (named.length === 0) return
  const names = await profile.keys.names()
  const missing = named.find((name) => !names.includes(name))
  if (missing !== undefined) throw unknownKey(missing, names)
}

/**
 * A name belongs to one node, and so does an installation directory: two records of one MTA would fight over it.
 * @param others the profile's other nodes
 * @throws UsageError that names the other node
 */
export function checkUnique(node: NodeRecord, others: readonly NodeRecord[]): void {
  if (others.some(({ name }) => name === node.name)) {
    throw new UsageError(`there is a node ${node.name} already`, {
      hints: [`see it: akctl nodes show ${node.name}`, 'or take another name'],
    })
  }
  const twin = others.find((other) => placeKey(other) === placeKey(node))
  if (twin !== undefined) {
    throw new UsageError(`the node ${twin.name} is in the same place already: ${node.directory} on ${whereOf(node)}`, {
      hints: [`change that one instead: akctl nodes edit ${twin.name}`, 'or give another directory'],
    })
  }
}

/** The pairs of nodes that mean one installation. */
export function twinsAmong(nodes: readonly NodeRecord[]): readonly (readonly [NodeRecord, NodeRecord])[] {
  const places = new Map<string, NodeRecord>()
  return nodes.flatMap((node) => {
    const key = placeKey(node)
    const twin = places.get(key)
    if (twin === undefined) places.set(key, node)
    return twin === undefined ? [] : [[twin, node] as const]
  })
}

/** What a node's installation is told apart by. */
function placeKey(node: NodeRecord): string {
  const { access, directory, jump } = node
  const way =
    access === 'local' ? 'local' : `${access} ${whereOf(node)} ${jump === undefined ? '' : endpoint(jump.host, jump.port)}`
  return `${way} ${directory}`
}

/**
 * Whether two records mean one installation, so that what is known of its revisions goes on. The way there may change
 * between SSH and the agent of the same host; another port of the same way may lead to another machine.
 */
export function samePlace(one: NodeRecord, other: NodeRecord): boolean {
  if (placeKey(one) === placeKey(other)) return true
  const remote = one.access !== 'local' && other.access !== 'local'
  return remote && one.access !== other.access && one.host === other.host && one.directory === other.directory
}

function whereOf(node: NodeRecord): string {
  return node.access === 'local' ? 'this machine' : endpoint(node.host, endpointPort(node))
}
