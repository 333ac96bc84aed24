import * as v from 'valibot'
import { SETTING_DEFS } from '../../node/setting-defs.ts'
import type { SettingKey, Settings } from '../../node/settings.ts'
import { SYNCED, type NodeState } from '../../node/state.ts'
import type { RevisionRecord } from '../../node/revision.ts'
import { EXIT_CODES, type ExitCode } from '../../outcome/exit-codes.ts'
import { OUTCOMES, type ErrorReport } from '../../outcome/outcome.ts'
import type { TextDiff } from '../../mta/shared/results.ts'
import type { KeyChange } from '../../operations/mta/results.ts'
import { shapeOf } from './shape.ts'

export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const texts = v.array(v.string())
export const outcome = v.picklist(OUTCOMES)
export const synced = v.picklist(SYNCED)
export const exitCode = v.picklist(EXIT_CODES.map(({ code }) => code) as [ExitCode, ...ExitCode[]])
const keys = SETTING_DEFS.map(({ key }) => key) as [SettingKey, ...SettingKey[]]
export const settingKey = v.picklist(keys)

export const errorReport = shapeOf<ErrorReport>()(
  v.object({ kind: v.string(), message: v.string(), hints: texts, detail: v.exactOptional(texts) }),
)

/** A count or seconds, a switch, a text, or a list of addresses. */
export const settingValue = v.union([v.number(), v.boolean(), v.string(), texts])

export const settings = shapeOf<Settings>()(
  v.object(Object.fromEntries(keys.map((key) => [key, v.exactOptional(settingValue)])) as Record<SettingKey, Optional>),
)
type Optional = v.ExactOptionalSchema<typeof settingValue, undefined>

export const keyChange = shapeOf<KeyChange>()(
  v.object({ key: settingKey, told: v.exactOptional(settingValue), wanted: v.exactOptional(settingValue) }),
)

export const textDiff = shapeOf<TextDiff>()(
  v.object({ file: v.string(), cause: v.picklist(['pending', 'edited', 'base']), diff: v.string() }),
)

const revisionRecord = shapeOf<RevisionRecord>()(
  v.object({
    revision: count,
    id: v.string(),
    settings,
    by: v.string(),
    at: v.string(),
    reason: v.string(),
    schema: count,
  }),
)

/** What a status call finds on a node. */
export const stateEntries = {
  running: v.boolean(),
  pid: v.exactOptional(count),
  uptime: v.exactOptional(v.number()),
  version: v.exactOptional(v.string()),
  listening: texts,
  queue: v.exactOptional(v.object({ messages: count, capped: v.boolean() })),
  installed: v.boolean(),
  record: v.exactOptional(revisionRecord),
  loaded: v.exactOptional(count),
  edited: texts,
  clock: v.number(),
}

export const nodeState = shapeOf<NodeState>()(v.object(stateEntries))
