import * as v from 'valibot'
import { shapeOf } from '../../connection/wire/shape.ts'
import { count, texts } from '../../connection/wire/shapes.ts'
import { allowed } from '../../node/setting-values.ts'
import { settingDefs } from '../../node/settings.ts'
import { FILE_VERSION, type FieldDef, NODE_FIELDS, SECTIONS } from '../../operations/fleet/definition.ts'
import type { Exported } from '../../operations/fleet/export.ts'
import { planFileSchema } from '../../operations/fleet/plan-file.ts'
import { ACTIONS, type FleetNodeResult, type FleetSummary } from '../../operations/fleet/results.ts'
import { keyChange, synced } from './common.ts'
import type { ResultSchema } from './result.ts'
import { change } from './work.ts'

const drift = v.object({
  synced,
  installed: v.boolean(),
  revision: v.exactOptional(count),
  by: v.exactOptional(v.string()),
  at: v.exactOptional(v.string()),
  keys: v.array(keyChange),
  edited: texts,
})

const node = shapeOf<FleetNodeResult>()(
  v.object({
    action: v.picklist(ACTIONS),
    fields: v.array(v.object({ field: v.string(), from: v.string(), to: v.string() })),
    settings: v.array(keyChange),
    syncs: v.boolean(),
    drift: v.exactOptional(drift),
    sync: v.exactOptional(change),
  }),
)

const summary = shapeOf<FleetSummary>()(
  v.object({
    file: v.string(),
    profile: v.string(),
    asked: v.boolean(),
    dryRun: v.boolean(),
    create: count,
    change: count,
    delete: count,
    sync: count,
    unlisted: count,
    unlistedGroups: count,
    defaults: v.array(keyChange),
    groups: v.array(v.object({ name: v.string(), from: v.exactOptional(v.string()), to: v.exactOptional(v.string()) })),
    out: v.exactOptional(v.string()),
  }),
)

/** Commands about the whole fleet in a file. */
export const FLEET_SCHEMAS: Readonly<Record<string, ResultSchema>> = {
  'fleet.apply/1': { title: 'what was made of a fleet file or a plan', data: summary, node },
  'fleet.export/1': {
    title: 'the profile as a fleet file',
    data: shapeOf<Exported>()(
      v.object({
        file: v.exactOptional(v.string()),
        changed: v.boolean(),
        nodes: count,
        groups: count,
        text: v.exactOptional(v.string()),
      }),
    ),
  },
  'fleet.plan/1': { title: 'what would make profile and nodes as a fleet file says', data: summary, node },
}

/** What a scalar may be typed as: akctl reads the text of any. */
const scalar = v.union([v.string(), v.number(), v.boolean()])

function valueOf({ kind, words, field }: FieldDef): v.GenericSchema {
  if (words !== undefined) return v.picklist(words)
  switch (kind) {
    case 'text':
      return field === 'port' ? v.union([v.pipe(v.number(), v.integer()), v.string()]) : v.string()
    case 'switch':
      return v.union([v.boolean(), v.picklist(['on', 'off', 'yes', 'no'])])
    case 'texts':
      return v.array(v.string())
    case 'map':
      return v.union([v.null(), field === 'label' ? v.record(v.string(), scalar) : settingsOf()])
  }
}

function described(schema: v.GenericSchema, what: string): v.GenericSchema {
  return v.pipe(schema, v.description(what))
}

function optional(schema: v.GenericSchema, what: string): v.ExactOptionalSchema<v.GenericSchema, undefined> {
  return v.exactOptional(described(schema, what))
}

function settingsOf(): v.GenericSchema {
  const entries = settingDefs().map((def) => {
    const value = def.type === 'ips' ? v.union([scalar, v.array(v.string())]) : scalar
    return [def.key, optional(value, `${def.description}: ${allowed(def)}, such as ${def.suggested}`)] as const
  })
  return v.strictObject(Object.fromEntries(entries))
}

function fleetFile(): v.GenericSchema {
  const node = v.strictObject({
    ...Object.fromEntries(Object.entries(NODE_FIELDS).map(([name, def]) => [name, optional(valueOf(def), def.what)])),
    dir: described(v.string(), NODE_FIELDS['dir']?.what ?? ''),
  })
  const group = described(v.string(), 'a set of nodes')
  return v.strictObject({
    version: described(v.union([v.literal(Number(FILE_VERSION)), v.literal(FILE_VERSION)]), SECTIONS.version.what),
    defaults: optional(v.union([v.null(), settingsOf()]), SECTIONS.defaults.what),
    groups: optional(v.union([v.null(), v.record(v.string(), group)]), SECTIONS.groups.what),
    nodes: optional(v.union([v.null(), v.record(v.string(), node)]), SECTIONS.nodes.what),
  })
}

/** Files that akctl reads, for the editors of who writes them. */
export function fileSchemas(): ReadonlyMap<string, { readonly title: string; readonly schema: v.GenericSchema }> {
  return new Map([
    ['fleet', { title: 'a fleet file of akctl (fleet.yaml)', schema: fleetFile() }],
    ['fleet-plan', { title: 'a plan of akctl, written by fleet plan --out', schema: planFileSchema }],
  ])
}
