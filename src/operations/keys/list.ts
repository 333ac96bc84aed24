import type { NodeRecord } from '../../node/record.ts'
import type { DamagedKey, StoredKey } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** Who needs a key. */
interface Use {
  /** Names of the nodes that log in with it, themselves or at their jump host. */
  readonly usedBy: readonly string[]
}

/** A stored key, and who needs it. */
export interface KeyUse extends StoredKey, Use {}

/** A key whose file can't be used, and who would need it. */
export interface DamagedKeyUse extends DamagedKey, Use {}

/** Every stored key; a damaged one is warned of. */
export async function listKeys(context: Context): Promise<readonly (KeyUse | DamagedKeyUse)[]> {
  const profile = await context.profile()
  const [keys, { nodes }] = await Promise.all([profile.keys.list(), profile.read()])
  for (const key of keys) {
    if ('damaged' in key) context.warn(`${key.damaged}; akctl keys show ${key.name} says what to do`)
  }
  return keys.map((key) => ({ ...key, usedBy: usersOf(key.name, nodes) }))
}

/** The names of the nodes that log in with a key, themselves or at their jump host. */
export function usersOf(key: string, nodes: readonly NodeRecord[]): readonly string[] {
  return nodes.filter((node) => node.key === key || node.jump?.key === key).map((node) => node.name)
}
