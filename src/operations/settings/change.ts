import type { NodeRecord } from '../../node/record.ts'
import { differingKeys, type SettingKey, type Settings } from '../../node/settings.ts'
import { settingsToPush } from '../../node/effective.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Profile, ProfileData } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { type Change, journalChange, journalChanges } from '../journal/change.ts'
import type { Fleet } from '../run/fleet.ts'
import { keyChanges } from '../mta/keys.ts'
import type { KeyChange } from '../mta/results.ts'
import { warnUnsupported } from './support.ts'

/** What became of the settings of one node, or (without a node) of the profile's defaults. */
export interface SettingsChange {
  readonly changes: readonly KeyChange[]
  readonly dryRun: boolean
}

/** How settings are changed. */
export interface SettingsRun {
  readonly dryRun: boolean
  readonly reason: string | undefined
}

/** One change of a set of settings. */
export type Edit = (settings: Settings) => Settings

/** Sets values, over what was set before. */
export function setting(values: Settings): Edit {
  return (settings) => ({ ...settings, ...values })
}

/** Takes values away: the profile's default, or the MTA's own configuration, holds again. */
export function unsetting(keys: readonly SettingKey[]): Edit {
  const gone = new Set<string>(keys)
  return (settings) => Object.fromEntries(Object.entries(settings).filter(([key]) => !gone.has(key)))
}

/** What came of a change of nodes' settings in the profile. */
export interface NodesChanged {
  readonly outcomes: readonly NodeOutcome<SettingsChange>[]
  /** The selected nodes as they are now (dry run: as they would be). */
  readonly nodes: readonly NodeRecord[]
  /** Nodes whose effective settings have changed. */
  readonly unsynced: readonly NodeRecord[]
}

/** Changes the settings of nodes in the profile, all in one write; nothing is sent to a node. */
export async function changeNodeSettings(
  context: Context,
  fleet: Fleet,
  verb: string,
  edit: Edit,
  run: SettingsRun,
): Promise<NodesChanged> {
  const { profile, defaults } = fleet
  const ids = new Set(fleet.nodes.map(({ id }) => id))
  const pairs = new Map<number, { readonly before: NodeRecord; readonly after: NodeRecord }>()
  await write(profile, run.dryRun, (data) => {
    const nodes = data.nodes.map((before) => {
      if (!ids.has(before.id)) return before
      const after = { ...before, settings: edit(before.settings) }
      pairs.set(before.id, { before, after })
      return after
    })
    return { ...data, nodes }
  })
  const touched = fleet.nodes.flatMap(({ id }) => pairs.get(id) ?? []) // a node deleted meanwhile is not there any more
  const outcomes = touched.map(({ before, after }): NodeOutcome<SettingsChange> => {
    const changes = keyChanges(before.settings, after.settings)
    return {
      node: after.name,
      outcome: changes.length > 0 && !run.dryRun ? 'changed' : 'ok',
      result: { changes, dryRun: run.dryRun },
    }
  })
  if (!run.dryRun) await journalChanges(context, accountOf(verb, run.reason, outcomes), profile)
  const nodes = touched.map(({ after }) => after)
  warnUnsupported(context, nodes, keysSet(outcomes.flatMap(({ result }) => result?.changes ?? [])))
  const unsynced = touched.filter(({ before, after }) => effectsOf(before, defaults, after, defaults)).map(({ after }) => after)
  return { outcomes, nodes, unsynced }
}

/** What came of a change of the profile's defaults. */
export interface DefaultsChanged {
  readonly change: SettingsChange
  readonly defaults: Settings
  /** Nodes whose effective settings have changed. */
  readonly unsynced: readonly NodeRecord[]
}

/** Changes the profile's defaults; nothing is sent to a node. */
export async function changeDefaults(context: Context, verb: string, edit: Edit, run: SettingsRun): Promise<DefaultsChanged> {
  const profile = await context.profile()
  let before: ProfileData = await profile.read()
  await write(profile, run.dryRun, (data) => {
    before = data
    return { ...data, defaults: edit(data.defaults) }
  })
  const defaults = edit(before.defaults)
  const changes = keyChanges(before.defaults, defaults)
  const unsynced = unsyncedBy(before, edit)
  if (!run.dryRun && changes.length > 0) {
    const message = run.reason ?? `defaults: ${changes.map(({ key }) => key).join(', ')}`
    await journalChange(context, { verb, message }, profile)
  }
  warnUnsupported(context, unsynced, keysSet(changes))
  return { change: { changes, dryRun: run.dryRun }, defaults, unsynced }
}

/** The nodes whose effective settings a change of the defaults would change. */
export function unsyncedBy(data: ProfileData, edit: Edit): readonly NodeRecord[] {
  return data.nodes.filter((node) => effectsOf(node, data.defaults, node, edit(data.defaults)))
}

function effectsOf(before: NodeRecord, defaults: Settings, after: NodeRecord, newDefaults: Settings): boolean {
  const was = settingsToPush(before.settings, defaults)
  return differingKeys(was, settingsToPush(after.settings, newDefaults)).length > 0
}

function keysSet(changes: readonly KeyChange[]): readonly SettingKey[] {
  return [...new Set(changes.flatMap(({ key, wanted }) => (wanted === undefined ? [] : [key])))]
}

async function write(profile: Profile, dryRun: boolean, change: (data: ProfileData) => ProfileData): Promise<void> {
  if (dryRun) change(await profile.read())
  else await profile.update((data) => ({ data: change(data), result: undefined }))
}

function accountOf(
  verb: string,
  reason: string | undefined,
  outcomes: readonly NodeOutcome<SettingsChange>[],
): readonly Change[] {
  return outcomes.flatMap(({ node, outcome, result }) => {
    const keys = result?.changes.map(({ key }) => key).join(', ') ?? ''
    return outcome === 'changed' ? [{ verb, node, message: reason ?? keys }] : []
  })
}
