import type { Support } from '../../mta/driver.ts'
import { driverOf } from '../../mta/drivers.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { SettingKey } from '../../node/settings.ts'
import type { Context } from '../context.ts'
import { installationOf } from '../connector.ts'

/** What a setting becomes on one node. */
export function supportOn(node: NodeRecord, key: SettingKey): Support {
  return driverOf(node.mta).support(key, installationOf(node))
}

/** Warns of settings that have no effect on some of the nodes; nodes with the same reason share a warning. */
export function warnUnsupported(context: Context, nodes: readonly NodeRecord[], keys: readonly SettingKey[]): void {
  for (const key of keys) {
    const reasons = new Map<string, string[]>()
    for (const node of nodes) {
      const { level, what } = supportOn(node, key)
      if (level === 'unsupported') reasons.set(what, [...(reasons.get(what) ?? []), node.name])
    }
    for (const [why, names] of reasons) context.warn(`${key} has no effect on ${listed(names)}: ${why}`)
  }
}

/** Names in a sentence: a few, and how many more. */
function listed(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more nodes`
}
