import * as v from 'valibot'
import { errorReport, logRecord } from '../connection/wire/shapes.ts'
import { API, type ApiName } from '../connection/wire/api.ts'
import { LOG_LEVELS } from '../mta/logs.ts'

const id = v.pipe(v.number(), v.integer(), v.minValue(1))
const names = Object.keys(API) as [ApiName, ...ApiName[]]

/**
 * What a listener may say to its keeper. An order is the name of a call of the API and its input; the keeper checks the
 * input by the API's own schema, as if it came from the network.
 */
export const fromListener = v.variant('type', [
  v.strictObject({ type: v.literal('ready') }),
  v.strictObject({ type: v.literal('call'), id, name: v.picklist(names), input: v.optional(v.unknown()) }),
  /** The next batch of the logs that call `id` asked for. */
  v.strictObject({ type: v.literal('pull'), id }),
  v.strictObject({ type: v.literal('cancel'), id }),
  /** For the log. What the keeper tells of itself, and when, a listener can't say. */
  v.strictObject({
    type: v.literal('note'),
    level: v.picklist(LOG_LEVELS),
    event: v.pipe(v.string(), v.regex(/^(?:bug|call|connection|logs|order)$/)),
    facts: v.record(
      v.pipe(v.string(), v.regex(/^(?!(?:at|level|event)$)[a-z]{1,16}$/)),
      v.union([v.string(), v.number(), v.boolean()]),
    ),
  }),
])
export type FromListener = v.InferOutput<typeof fromListener>

/** What a keeper says to its listener. */
export const fromKeeper = v.variant('type', [
  v.object({
    type: v.literal('credentials'),
    certificate: v.string(),
    privateKey: v.string(),
    digests: v.array(v.string()),
  }),
  v.object({ type: v.literal('answer'), id, value: v.optional(v.unknown()) }),
  v.object({
    type: v.literal('problem'),
    id,
    status: v.number(),
    report: errorReport,
    headers: v.record(v.string(), v.string()),
  }),
  v.object({ type: v.literal('records'), id, records: v.array(logRecord), done: v.boolean() }),
  v.object({ type: v.literal('drain') }),
])
export type FromKeeper = v.InferOutput<typeof fromKeeper>
