import * as v from 'valibot'
import { shapeOf } from '../../connection/wire/shape.ts'
import {
  count,
  leaseEntries,
  leaseState,
  settingKey,
  settingValue,
  stateEntries,
  textDiff,
  texts,
} from '../../connection/wire/shapes.ts'
import { CONDITIONS } from '../../node/condition.ts'
import { LOG_LEVELS } from '../../mta/logs.ts'
import type { ChangeResult, DiffResult, MtaStatus, Step } from '../../operations/mta/results.ts'
import type { Released } from '../../operations/locks/release.ts'
import type { Installed } from '../../operations/install/install.ts'
import { EXPECTED } from '../../operations/mta/results.ts'
import type { NodeAddress } from '../../operations/nodes/interfaces.ts'
import type { LogLine } from '../../operations/logs/log-merge.ts'
import type { SettingsChange } from '../../operations/settings/change.ts'
import type { SettingDescription } from '../../operations/settings/describe.ts'
import type { NodeEdit } from '../../operations/settings/edit.ts'
import type { SettingLine } from '../../operations/settings/list.ts'
import type { PullResult } from '../../operations/settings/pull.ts'
import { STEPS as TEST_STEPS } from '../../operations/testing/steps.ts'
import type { TestResult } from '../../operations/testing/test.ts'
import { WATCH_EVENTS, type WatchedResult, type WatchEvent } from '../../operations/watch/results.ts'
import type { WatchData } from '../views/mta-watch.ts'
import { keyChange, outcome, synced } from './common.ts'
import type { ResultSchema } from './result.ts'

const VERBS = ['start', 'stop', 'restart', 'sync', 'rollback'] as const
const STEPS = ['wrote', 'reloaded', 'restarted', 'not-loaded', 'started', 'stopped'] as const satisfies readonly Step[]
const LEVELS = ['native', 'nearest', 'unsupported'] as const

/** What a changing verb did on a node. */
export const change = shapeOf<ChangeResult>()(
  v.object({
    verb: v.picklist(VERBS),
    dryRun: v.boolean(),
    steps: v.array(v.picklist(STEPS)),
    running: v.exactOptional(v.boolean()),
    pid: v.exactOptional(count),
    revision: v.exactOptional(count),
    to: v.exactOptional(count),
    synced: v.exactOptional(synced),
    keys: v.exactOptional(v.array(keyChange)),
    files: v.exactOptional(v.array(textDiff)),
    replaced: v.exactOptional(texts),
    saved: v.exactOptional(v.string()),
    putBack: v.exactOptional(
      v.object({
        to: v.exactOptional(count),
        revision: v.exactOptional(count),
        power: v.exactOptional(v.picklist(['started', 'stopped'])),
      }),
    ),
  }),
)

const settingsChange = shapeOf<SettingsChange>()(v.object({ changes: v.array(keyChange), dryRun: v.boolean() }))

const nodeEdit = shapeOf<NodeEdit>()(
  v.object({
    changes: v.exactOptional(v.array(keyChange)),
    dryRun: v.exactOptional(v.boolean()),
    sync: v.exactOptional(change),
  }),
)

const settingLine = shapeOf<SettingLine>()(
  v.object({
    key: settingKey,
    value: v.exactOptional(settingValue),
    text: v.exactOptional(v.string()),
    origin: v.picklist(['node', 'profile', 'mta']),
    support: v.exactOptional(v.picklist(LEVELS)),
  }),
)

const description = shapeOf<SettingDescription>()(
  v.object({
    key: v.string(),
    label: v.string(),
    type: v.picklist(['int', 'duration', 'bool', 'header', 'email', 'ips']),
    unit: v.exactOptional(v.string()),
    min: v.exactOptional(v.number()),
    max: v.exactOptional(v.number()),
    suggested: v.string(),
    description: v.string(),
    allowed: v.string(),
    support: v.array(v.object({ mta: v.string(), level: v.picklist(LEVELS), what: v.string() })),
  }),
)

const logLine = shapeOf<LogLine>()(
  v.object({ node: v.string(), at: v.exactOptional(v.string()), level: v.picklist(LOG_LEVELS), text: v.string() }),
)

const address = shapeOf<NodeAddress>()(
  v.object({ name: v.string(), address: v.string(), listens: texts, sends: v.picklist(['yes', 'no', 'any']) }),
)

const tested = shapeOf<TestResult>()(
  v.object({
    steps: v.array(v.object({ step: v.picklist(TEST_STEPS), state: v.picklist(['ok', 'failed', 'skipped']), note: v.string() })),
  }),
)

const installed = shapeOf<Installed>()(
  v.object({
    listen: v.exactOptional(v.string()),
    hostname: v.exactOptional(v.string()),
    dryRun: v.boolean(),
    sent: v.boolean(),
    made: v.exactOptional(v.boolean()),
    adopted: v.exactOptional(v.boolean()),
    revision: v.exactOptional(count),
    version: v.exactOptional(v.string()),
  }),
)

const watchEvent = shapeOf<WatchEvent>()(
  v.object({
    at: v.string(),
    event: v.picklist(WATCH_EVENTS),
    node: v.exactOptional(v.string()),
    message: v.string(),
    tries: v.exactOptional(count),
    maxTries: v.exactOptional(count),
    outcome: v.exactOptional(outcome),
    pid: v.exactOptional(count),
    orderId: v.exactOptional(v.string()),
  }),
)

const watched = shapeOf<WatchedResult>()(
  v.object({
    condition: v.picklist(CONDITIONS),
    observed: v.boolean(),
    restarted: v.boolean(),
    tries: count,
    gaveUp: v.boolean(),
    next: v.exactOptional(v.string()),
  }),
)

/** Commands that work on nodes and their settings. */
export const WORK_SCHEMAS: Readonly<Record<string, ResultSchema>> = {
  ...Object.fromEntries(VERBS.map((verb) => [`mta.${verb}/1`, { title: `what mta ${verb} did on each node`, node: change }])),
  'locks.list/1': { title: 'the lease of each node', node: leaseState },
  'locks.release/1': {
    title: 'what became of a lease on each node',
    node: shapeOf<Released>()(v.object({ ...leaseEntries, dryRun: v.boolean() })),
  },
  'locks.show/1': { title: 'the lease of one node', node: leaseState },
  'mta.diff/1': {
    title: 'differences found on each node',
    node: shapeOf<DiffResult>()(
      v.object({ synced, revision: v.exactOptional(count), keys: v.array(keyChange), files: v.array(textDiff) }),
    ),
  },
  'mta.status/1': {
    title: 'how the mail server of each node is',
    node: shapeOf<MtaStatus>()(v.object({ ...stateEntries, synced, unmet: v.array(v.picklist(EXPECTED)) })),
  },
  'mta.watch/1': {
    title: 'what one round of a watch found and did on each node, and (in data) the events, or the text asked for',
    data: shapeOf<WatchData>()(v.union([v.object({ events: v.array(watchEvent) }), v.object({ text: v.string() })])),
    node: watched,
  },
  'node.interfaces/1': { title: 'the addresses of each node', node: v.array(address) },
  'node.logs/1': {
    title: 'log lines (in data), and whether each node gave its own',
    data: v.array(logLine),
    node: v.never(),
  },
  'nodes.install/1': { title: 'what an installation did on each node', node: installed },
  'nodes.test/1': { title: 'what a test of each node found, step by step', node: tested },
  'settings.describe/1': { title: 'settings and what they become on each mail server', data: v.array(description) },
  'settings.get/1': { title: 'one setting', data: settingLine },
  'settings.list/1': {
    title: 'effective settings of each node, or (in data) the defaults of the profile',
    data: v.array(settingLine),
    node: v.array(settingLine),
  },
  'settings.pull/1': {
    title: 'settings taken over from a node',
    node: shapeOf<PullResult>()(
      v.object({
        revision: count,
        by: v.string(),
        at: v.string(),
        changes: v.array(keyChange),
        dryRun: v.boolean(),
      }),
    ),
  },
  'settings.set/1': { title: 'what was set on each node, or (in data) in the defaults', data: settingsChange, node: nodeEdit },
  'settings.unset/1': {
    title: 'what was unset on each node, or (in data) in the defaults',
    data: settingsChange,
    node: nodeEdit,
  },
}
