import { differingKeys, findSetting, type Settings, type SettingValue } from '../../node/settings.ts'
import { formatValue } from '../../node/setting-values.ts'
import type { KeyChange } from './results.ts'

/** The settings in which two sets differ, in the page's order. */
export function keyChanges(told: Settings, wanted: Settings): readonly KeyChange[] {
  return differingKeys(told, wanted).map((key) => {
    const [before, after] = [told[key], wanted[key]]
    return { key, ...(before === undefined ? {} : { told: before }), ...(after === undefined ? {} : { wanted: after }) }
  })
}

/** A value as an operator would type it; `-` for one that is not set. */
export function valueText(key: string, value: SettingValue | undefined): string {
  const def = findSetting(key)
  return value === undefined || def === undefined ? '-' : formatValue(def, value)
}
