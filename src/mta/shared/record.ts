import * as v from 'valibot'
import { FailedError, ConflictError } from '../../outcome/errors.ts'
import { REVISION_SCHEMA, type RevisionRecord } from '../../node/revision.ts'
import { REASON_MAX } from '../../node/reason.ts'
import { findSetting, settingDefs, type Settings } from '../../node/settings.ts'

/** A text that nobody computes with: one that is too long is cut, as a record must be readable whoever wrote it. */
const cut = (max: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, max)),
  )

const RecordSchema = v.object({
  revision: v.pipe(v.number(), v.integer(), v.minValue(0)),
  id: v.pipe(v.string(), v.maxLength(64)),
  settings: v.record(v.string(), v.union([v.number(), v.boolean(), v.string(), v.array(v.string())])),
  by: cut(256),
  at: cut(64),
  reason: cut(REASON_MAX),
  schema: v.number(),
})

/**
 * Reads a node's `send-module.json`.
 * @throws {@link ConflictError} when a newer akctl wrote it (another schema, or keys this one does not know)
 * @throws {@link FailedError} when it is no such record
 */
export function readRecord(text: string): RevisionRecord {
  const parsed = v.safeParse(RecordSchema, parseJson(text))
  if (!parsed.success) throw new FailedError(`send-module.json on the node is damaged: ${parsed.issues[0].message}`)
  const record = parsed.output
  const strange = Object.keys(record.settings).filter((key) => findSetting(key)?.key !== key)
  if (record.schema > REVISION_SCHEMA || strange.length > 0) {
    const why = strange.length > 0 ? `keys this akctl does not know: ${strange.join(', ')}` : `schema ${record.schema}`
    throw new ConflictError(`the node was set by a newer akctl (${why})`, { hints: ['upgrade akctl on this machine'] })
  }
  return { ...record, settings: record.settings }
}

/** What a record says besides its number, its schema and its settings. */
export type RevisionHead = Pick<RevisionRecord, 'id' | 'by' | 'at' | 'reason'>

/** The head as the one line a revising script takes; the node puts the rest in front. */
export function headLine({ id, by, at, reason }: RevisionHead): string {
  return JSON.stringify({ id, by, at, reason })
}

/** Settings in one fixed spelling (keys in the page's order), so that equal settings are equal bytes on the node. */
export function settingsLine(settings: Settings): string {
  const set = settingDefs().flatMap(({ key }) => (settings[key] === undefined ? [] : [[key, settings[key]] as const]))
  return JSON.stringify(Object.fromEntries(set))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
