import type { SettingKey, SettingValue, Settings } from './settings.ts'
import { settingDefs } from './settings.ts'

/** Where an effective value comes from; `mta` means nobody set it and the MTA's own configuration holds. */
export type Origin = 'node' | 'profile' | 'mta'

export interface EffectiveSetting {
  readonly key: SettingKey
  readonly origin: Origin
  readonly value?: SettingValue
}

/** Every setting with the node's own value, else the profile's default, else not set. */
export function effectiveSettings(own: Settings, defaults: Settings): readonly EffectiveSetting[] {
  return settingDefs().map(({ key }) => {
    const mine = own[key]
    if (mine !== undefined) return { key, origin: 'node', value: mine }
    const shared = defaults[key]
    return shared === undefined ? { key, origin: 'mta' } : { key, origin: 'profile', value: shared }
  })
}

/** What is pushed to a node: the set values only. */
export function settingsToPush(own: Settings, defaults: Settings): Settings {
  return { ...defaults, ...own }
}
