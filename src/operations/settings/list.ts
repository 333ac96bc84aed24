import type { Selection } from '../../fleet/select.ts'
import { effectiveSettings, type Origin } from '../../node/effective.ts'
import type { NodeRecord } from '../../node/record.ts'
import { formatValue } from '../../node/setting-values.ts'
import { findSetting, type SettingKey, type Settings, type SettingValue } from '../../node/settings.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { findNode } from '../../fleet/select.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'
import { parseKeys } from './assignments.ts'
import { supportOn } from './support.ts'

/** One setting as it holds. */
export interface SettingLine {
  readonly key: SettingKey
  readonly value?: SettingValue
  /** The value as an operator would type it; absent when nobody set it. */
  readonly text?: string
  /** `mta`: nobody set it, the MTA's own configuration holds. */
  readonly origin: Origin
  /** What it becomes on this node's MTA; absent for the profile's defaults. */
  readonly support?: 'native' | 'nearest' | 'unsupported'
}

/** The effective settings of nodes; all nodes when none is named. */
export async function listSettings(
  context: Context,
  selection: Selection,
  setOnly: boolean,
): Promise<readonly NodeOutcome<readonly SettingLine[]>[]> {
  const { nodes, defaults } = await loadFleet(context, selection, 'all')
  return nodes.map((node) => {
    const lines = linesOf(node, defaults)
    return { node: node.name, outcome: 'ok', result: setOnly ? lines.filter(({ origin }) => origin !== 'mta') : lines }
  })
}

/** The profile's defaults. */
export async function listDefaults(context: Context, setOnly: boolean): Promise<readonly SettingLine[]> {
  const { defaults } = await (await context.profile()).read()
  const lines = effectiveSettings({}, defaults).map((entry) => lineOf(entry))
  return setOnly ? lines.filter(({ origin }) => origin !== 'mta') : lines
}

/**
 * One setting of one node, or (node undefined) of the profile's defaults.
 * @throws NotFoundError for a node or setting there is none of
 */
export async function getSetting(context: Context, node: string | undefined, name: string): Promise<SettingLine> {
  const { nodes, defaults } = await (await context.profile()).read()
  const record = node === undefined ? undefined : findNode(nodes, node)
  const lines = record === undefined ? effectiveSettings({}, defaults).map((entry) => lineOf(entry)) : linesOf(record, defaults)
  const keys = parseKeys([name]).map(({ key }) => key)
  const line = lines.find(({ key }) => keys.includes(key))
  if (line === undefined) throw new Error(`no line for ${name}`)
  if (line.origin === 'mta') {
    context.note(`${line.key} is not set: ${record === undefined ? 'there is no default' : "the MTA's own configuration holds"}`)
  }
  return line
}

function linesOf(node: NodeRecord, defaults: Settings): readonly SettingLine[] {
  return effectiveSettings(node.settings, defaults).map((entry) => ({
    ...lineOf(entry),
    support: supportOn(node, entry.key).level,
  }))
}

function lineOf(entry: { readonly key: SettingKey; readonly origin: Origin; readonly value?: SettingValue }): SettingLine {
  const def = findSetting(entry.key)
  return entry.value === undefined || def === undefined ? entry : { ...entry, text: formatValue(def, entry.value) }
}
