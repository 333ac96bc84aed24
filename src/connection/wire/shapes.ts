import * as v from 'valibot'
import { LOG_LEVELS, type LogRecord } from '../../mta/logs.ts'
import type { ApplyResult, InterfaceInfo, Preview, TextDiff, VerbResult } from '../../mta/shared/results.ts'
import type { Lease, LeaseState } from '../../node/lease.ts'
import type { OrderState, RevisionRecord } from '../../node/revision.ts'
import { SETTING_DEFS } from '../../node/setting-defs.ts'
import type { SettingKey, Settings } from '../../node/settings.ts'
import { type NodeState, WANTED } from '../../node/state.ts'
import type { ErrorReport } from '../../outcome/outcome.ts'
import { shapeOf } from './shape.ts'

// What a node answers, as JSON. Not strict: an agent of a newer minor version may say more.

export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const texts = v.array(v.string())
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

const lease = shapeOf<Lease>()(
  v.object({
    id: v.string(),
    by: v.string(),
    host: v.string(),
    pid: count,
    job: v.exactOptional(v.string()),
    operation: v.string(),
    reason: v.string(),
    taken: count,
    until: count,
    kept: v.boolean(),
  }),
)

/** What a node tells of its lease. */
export const leaseEntries = { clock: count, lease: v.exactOptional(lease) }

export const leaseState = shapeOf<LeaseState>()(v.object(leaseEntries))

/** What a status call finds on a node. */
export const stateEntries = {
  running: v.boolean(),
  pid: v.exactOptional(count),
  uptime: v.exactOptional(v.number()),
  version: v.exactOptional(v.string()),
  listening: texts,
  mute: v.exactOptional(v.boolean()),
  wanted: v.exactOptional(v.picklist(WANTED)),
  queue: v.exactOptional(v.object({ messages: count, capped: v.boolean() })),
  installed: v.boolean(),
  record: v.exactOptional(revisionRecord),
  loaded: v.exactOptional(count),
  edited: texts,
  clock: v.number(),
  lease: v.exactOptional(lease),
}

export const nodeState = shapeOf<NodeState>()(v.object(stateEntries))

export const verbResult = shapeOf<VerbResult>()(
  v.object({
    did: v.boolean(),
    leftStopped: v.exactOptional(v.boolean()),
    pid: v.exactOptional(count),
    revision: v.exactOptional(count),
  }),
)

export const applyResult = shapeOf<ApplyResult>()(
  v.object({
    wrote: v.boolean(),
    revision: count,
    took: v.picklist(['none', 'reload', 'restart', 'left']),
    running: v.boolean(),
    replaced: texts,
    id: v.exactOptional(v.string()),
    to: v.exactOptional(count),
    saved: v.exactOptional(v.string()),
  }),
)

export const preview = shapeOf<Preview>()(
  v.object({
    files: v.array(textDiff),
    took: v.exactOptional(v.picklist(['none', 'reload', 'restart'])),
    record: v.exactOptional(revisionRecord),
  }),
)

export const orderState = shapeOf<OrderState>()(
  v.object({
    id: v.string(),
    verb: v.string(),
    state: v.picklist(['none', 'running', 'died', 'done']),
    never: v.exactOptional(v.boolean()),
    outcome: v.exactOptional(v.picklist(['ok', 'changed', 'failed'])),
    revision: v.exactOptional(count),
  }),
)

export const interfaceInfo = shapeOf<InterfaceInfo>()(v.object({ name: v.string(), address: v.string(), listens: texts }))

export const logRecord = shapeOf<LogRecord>()(
  v.object({ at: v.exactOptional(v.number()), level: v.picklist(LOG_LEVELS), text: v.string() }),
)
