import * as v from 'valibot'
import { CONDITIONS } from '../node/condition.ts'
import { nameProblem, type NameKind } from '../node/names.ts'
import { ACCESSES, MTA_NAMES } from '../node/record.ts'
import { type SettingDef, settingDefs } from '../node/settings.ts'
import { OUTCOMES } from '../outcome/outcome.ts'

const natural = v.pipe(v.number(), v.integer(), v.minValue(1))
const port = v.pipe(natural, v.maxValue(65535))
const revision = v.pipe(v.number(), v.integer(), v.minValue(0))
const filled = v.pipe(v.string(), v.minLength(1))

function name(kind: NameKind) {
  return v.pipe(
    v.string(),
    v.check((text) => nameProblem(kind, text) === undefined, `not a name for a ${kind}`),
  )
}

/** Not `v.record`, which skips keys such as "constructor". */
const labels = v.custom<Readonly<Record<string, string>>>(
  (input) =>
    typeof input === 'object' &&
    input !== null &&
    !Array.isArray(input) &&
    Object.entries(input).every(([key, value]) => key !== '' && typeof value === 'string'),
  'not an object of texts',
)

/** A stored key's name, or `agent`. */
const keyName = v.union([v.literal('agent'), name('key')])

function settingValue({ type }: SettingDef) {
  switch (type) {
    case 'int':
    case 'duration':
      return v.pipe(v.number(), v.integer())
    case 'bool':
      return v.boolean()
    case 'header':
    case 'email':
      return filled
    case 'ips':
      return v.array(filled)
  }
}

const SETTING_ENTRIES = new Map<string, SettingSchema>(settingDefs().map((def) => [def.key, settingValue(def)]))

/**
 * Types only: bounds belong to the input, so that another release's bounds don't make a stored value unreadable. Made of
 * the settings that are there, as looking for all 23 in each of a thousand nodes takes longer than all the rest.
 */
const settings = v.lazy(settingsByKeys())

/** Nodes with the same keys share a schema: making one takes longer than checking a node by it. */
function settingsByKeys() {
  const schemas = new Map<string, ReturnType<typeof settingsOf>>()
  return (input: unknown) => {
    const keys = typeof input === 'object' && input !== null ? Object.keys(input) : []
    const id = keys.join()
    const schema = schemas.get(id) ?? settingsOf(keys)
    schemas.set(id, schema)
    return schema
  }
}

function settingsOf(keys: readonly string[]) {
  const entries: Record<string, SettingSchema> = {}
  for (const key of keys) {
    const value = SETTING_ENTRIES.get(key)
    if (value !== undefined) entries[key] = value
  }
  return v.strictObject(entries)
}
type SettingSchema = ReturnType<typeof settingValue>

const node = v.strictObject({
  id: natural,
  name: name('node'),
  host: filled,
  port: v.exactOptional(port),
  directory: filled,
  access: v.picklist(ACCESSES),
  mta: v.picklist(MTA_NAMES),
  user: v.exactOptional(filled),
  key: v.exactOptional(keyName),
  sudo: v.boolean(),
  jump: v.exactOptional(v.strictObject({ user: filled, host: filled, port, key: keyName })),
  service: v.exactOptional(filled),
  addresses: v.array(filled),
  labels,
  settings,
  baseRevision: v.exactOptional(revision),
  baseRevisionId: v.exactOptional(filled),
  createdAt: filled,
})

/** `profile.json`. */
export const profileSchema = v.pipe(
  v.strictObject({
    schema: v.literal(1),
    nextId: natural,
    nodes: v.array(node),
    defaults: settings,
    groups: v.exactOptional(v.array(v.strictObject({ name: name('group'), nodes: v.string() }))),
  }),
  v.check(({ nodes }) => distinct(nodes.map((each) => each.name)), 'two nodes have the same name'),
  v.check(({ nodes }) => distinct(nodes.map((each) => each.id)), 'two nodes have the same id'),
  v.check(({ groups = [] }) => distinct(groups.map((each) => each.name)), 'two groups have the same name'),
  v.check(({ nodes, nextId }) => nodes.every((each) => each.id < nextId), 'nextId is not above the ids of all nodes'),
)

/** `trust.json`. */
export const trustSchema = v.strictObject({
  schema: v.literal(1),
  records: v.array(
    v.strictObject({
      endpoint: filled,
      kind: v.picklist(['ssh', 'tls']),
      fingerprint: v.pipe(v.string(), v.regex(/^SHA256:[A-Za-z0-9+/]{43}$/)),
      certificate: v.exactOptional(filled),
      type: v.exactOptional(filled),
      added: filled,
      by: v.string(),
      source: v.string(),
    }),
  ),
})

/** Bytes in base64. */
const base64 = (bytes: number) =>
  v.pipe(
    v.string(),
    v.check((text) => isBase64(text) && Buffer.byteLength(text, 'base64') === bytes, `not ${bytes} bytes in base64`),
  )
const sealed = v.strictObject({
  nonce: base64(12),
  data: v.pipe(v.string(), v.check(isBase64, 'not base64')),
  tag: base64(16),
})
const protection = v.pipe(
  v.strictObject({
    kind: v.picklist(['passphrase', 'key-file', 'keyring', 'plain']),
    salt: v.exactOptional(base64(16)),
    // Bounded: a changed file must not make a start take minutes or gigabytes.
    cost: v.exactOptional(v.picklist([2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18])),
    entry: v.exactOptional(base64(16)),
    check: v.exactOptional(sealed),
  }),
  v.check(({ kind, salt, cost, entry, check }) => {
    const keyed = kind !== 'plain'
    const fits = (cost !== undefined) === (kind === 'passphrase') && (entry !== undefined) === (kind === 'keyring')
    return fits && (salt !== undefined) === keyed && (check !== undefined) === keyed
  }, 'its parts do not fit its kind'),
)

/** `secrets.json`. */
export const secretsSchema = v.pipe(
  v.strictObject({
    schema: v.literal(1),
    protection: v.exactOptional(protection),
    entries: v.array(v.strictObject({ name: filled, sealed: v.exactOptional(sealed), plain: v.exactOptional(v.string()) })),
  }),
  v.check((data) => distinct(data.entries.map((entry) => entry.name)), 'two secrets have the same name'),
  v.check((data) => data.protection !== undefined || data.entries.length === 0, 'secrets without protection'),
  v.check(
    ({ protection: head, entries }) =>
      entries.every(
        (entry) =>
          (entry.sealed === undefined) === (head?.kind === 'plain') && (entry.plain === undefined) !== (head?.kind === 'plain'),
      ),
    'an entry is not protected as the others',
  ),
)

/** `config.json` of the home. */
export const configSchema = v.strictObject({ schema: v.literal(1), profile: name('profile') })

/** A line of `orders/notes.ndjson`. */
export const noteSchema = v.strictObject({
  schema: v.literal(1),
  node: natural,
  id: filled,
  verb: filled,
  at: filled,
  base: v.exactOptional(v.strictObject({ revision, id: v.exactOptional(filled) })),
})

/** `watch.json`. */
export const watchSchema = v.strictObject({
  schema: v.literal(1),
  nodes: v.array(
    v.strictObject({
      node: natural,
      condition: v.picklist(CONDITIONS),
      ran: v.boolean(),
      tries: v.pipe(v.number(), v.integer(), v.minValue(0)),
      next: v.pipe(v.number(), v.minValue(0)),
      gaveUp: v.boolean(),
    }),
  ),
})

/** One line of the journal. Not strict: a history with fields of a newer release stays readable. */
export const entrySchema = v.object({
  at: filled,
  by: v.string(),
  verb: filled,
  node: v.exactOptional(v.string()),
  outcome: v.picklist(OUTCOMES),
  orderId: v.exactOptional(v.string()),
  orderIds: v.exactOptional(v.array(v.string())),
  revision: v.exactOptional(v.number()),
  message: v.exactOptional(v.string()),
})

function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
}

function distinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}
