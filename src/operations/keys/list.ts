import type { NodeRecord } from '../../node/record.ts'
import type { StoredKey } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** A stored key, and who needs it. */
export interface KeyUse extends StoredKey {
  /** Names of the nodes that log in with it, themselves or at their jump host. */
  readonly usedBy: readonly string[]
}

/** Every stored key. */
export async function listKeys(context: Context): Promise<readonly KeyUse[]> {
  const profile = await context.profile()
  const [keys, { nodes }] = await Promise.all([profile.keys.list(), profile.read()])
  return keys.map((key) => ({ ...key, usedBy: usersOf(key.name, nodes) }))
}

/** The names of the nodes that log in with a key, themselves or at their jump host. */
export function usersOf(key: string, nodes: readonly NodeRecord[]): readonly string[] {
  return nodes.filter((node) => node.key === key || node.jump?.key === key).map((node) => node.name)
}
