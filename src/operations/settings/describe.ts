import type { Support } from '../../mta/driver.ts'
import { driverOf } from '../../mta/drivers.ts'
import { MTA_NAMES, type MtaName } from '../../node/record.ts'
import { allowed } from '../../node/setting-values.ts'
import { settingDefs, type SettingDef, type SettingKey } from '../../node/settings.ts'
import { parseKeys } from './assignments.ts'

/** What one setting becomes on one kind of installation. */
export interface DriverSupport extends Support {
  readonly mta: string
}

/** Everything there is to say about one setting. */
export interface SettingDescription extends SettingDef {
  /** What may be given, in words. */
  readonly allowed: string
  readonly support: readonly DriverSupport[]
}

/** The installations that differ in what a setting becomes: each MTA by itself, and the system's Postfix. */
const INSTALLATIONS: readonly { readonly mta: string; readonly driver: MtaName; readonly directory: string }[] = [
  ...MTA_NAMES.map((mta) => ({ mta, driver: mta, directory: '/opt/mta' })),
  { mta: 'postfix-system', driver: 'postfix', directory: '/etc/postfix' },
]

/**
 * Describes settings by key or page label; all of them when none is named.
 * @throws NotFoundError for one there is none of
 */
export function describeSettings(names: readonly string[]): readonly SettingDescription[] {
  const defs = names.length === 0 ? settingDefs() : parseKeys(names)
  return defs.map((def) => ({ ...def, allowed: allowed(def), support: supportOf(def.key) }))
}

function supportOf(key: SettingKey): readonly DriverSupport[] {
  return INSTALLATIONS.map(({ mta, driver, directory }) => ({
    mta,
    ...driverOf(driver).support(key, { directory, addresses: [] }),
  }))
}
