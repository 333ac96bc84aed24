import { SETTING_DEFS } from './setting-defs.ts'

/** A setting's value in its canonical form: a count or a number of seconds, a switch, a text, or a list of addresses. */
export type SettingValue = number | boolean | string | readonly string[]

export type SettingType = 'int' | 'duration' | 'bool' | 'header' | 'email' | 'ips'

/** What akctl knows of one of the 23 send module settings. */
export interface SettingDef {
  readonly key: string
  /** The label of the page the settings come from; accepted in place of the key. */
  readonly label: string
  readonly type: SettingType
  /** What a bare number counts: `messages`, `events`, or for durations `s` or `d`. */
  readonly unit?: string
  /** Bounds in the key's unit. Proposals from MTA practice; the page gives none. */
  readonly min?: number
  readonly max?: number
  /** A value to start from, as typed. A proposal from MTA practice; nothing is set unless somebody sets it. */
  readonly suggested: string
  readonly description: string
}

export type SettingKey = (typeof SETTING_DEFS)[number]['key']

/** Only what somebody set: a key that is absent leaves the MTA's own configuration alone. */
export type Settings = Readonly<Partial<Record<SettingKey, SettingValue>>>

const BY_NAME = new Map<string, SettingDef & { readonly key: SettingKey }>(
  SETTING_DEFS.flatMap((def) => [
    [def.key, def],
    [def.label.toLowerCase(), def],
  ]),
)

/** All definitions, in the page's order. */
export function settingDefs(): readonly (SettingDef & { readonly key: SettingKey })[] {
  return SETTING_DEFS
}

/** The definition of a key or page label (case does not matter), or undefined. */
export function findSetting(name: string): (SettingDef & { readonly key: SettingKey }) | undefined {
  return BY_NAME.get(name.trim().toLowerCase())
}

/** Whether two canonical values are the same. */
export function sameValue(a: SettingValue | undefined, b: SettingValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The keys whose values differ between two sets, in the page's order. */
export function differingKeys(a: Settings, b: Settings): readonly SettingKey[] {
  return SETTING_DEFS.map((def) => def.key).filter((key) => !sameValue(a[key], b[key]))
}

/** Whether two sets are the same. */
export function sameSettings(a: Settings, b: Settings): boolean {
  const keys = Object.keys(a) as SettingKey[]
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
}
