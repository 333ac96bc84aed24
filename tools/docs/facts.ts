// What the documents take from the program itself; bundled and read by tools/docs.mjs.
import { driverOf } from '../../src/mta/drivers.ts'
import type { Installation, Support } from '../../src/mta/driver.ts'
import { allowed } from '../../src/node/setting-values.ts'
import { settingDefs } from '../../src/node/settings.ts'

export { openApiDocument } from '../../src/agent/openapi.ts'
export { EXIT_CODES } from '../../src/outcome/exit-codes.ts'

/** The installations that differ in what they support. */
const INSTALLATIONS: readonly {
  readonly name: string
  readonly mta: 'postfix' | 'haraka'
  readonly installation: Installation
}[] = [
  { name: 'Postfix', mta: 'postfix', installation: { directory: '/srv/mx1', addresses: [] } },
  { name: "the system's Postfix", mta: 'postfix', installation: { directory: '/etc/postfix', addresses: [] } },
  { name: 'Haraka', mta: 'haraka', installation: { directory: '/srv/mx2', addresses: [] } },
]

export interface SettingFact {
  readonly key: string
  readonly label: string
  readonly description: string
  readonly allowed: string
  readonly suggested: string
  readonly support: readonly { readonly mta: string; readonly support: Support }[]
}

/** Every setting with what it becomes on each MTA. */
export function settings(): readonly SettingFact[] {
  return settingDefs().map((def) => ({
    key: def.key,
    label: def.label,
    description: def.description,
    allowed: allowed(def),
    suggested: def.suggested,
    support: INSTALLATIONS.map(({ name, mta, installation }) => ({
      mta: name,
      support: driverOf(mta).support(def.key, installation),
    })),
  }))
}
