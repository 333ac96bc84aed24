import * as v from 'valibot'
import { isIP } from 'node:net'
import { LOG_SOURCES } from '../../mta/logs.ts'
import { ORDER_ID } from '../../node/order-id.ts'
import { PLAIN, REASON_MAX } from '../../node/reason.ts'
import { ADDR_SPEC, HEADER_NAME, UNIT_SECONDS } from '../../node/setting-values.ts'
import { type SettingDef, settingDefs } from '../../node/settings.ts'

// What may cross the agent's border: typed settings and facts of an order; never a file, a path or a command.

const natural = v.pipe(v.number(), v.integer(), v.minValue(0))
const plain = (max: number) => v.pipe(v.string(), v.maxLength(max), v.regex(PLAIN, 'control characters are not allowed'))
const ip = v.pipe(
  v.string(),
  v.maxLength(45),
  v.check((text) => isIP(text) !== 0 && !text.includes('%'), 'not an IPv4 or IPv6 address'),
)
const distinct = v.check<string[], string>((list) => new Set(list).size === list.length, 'an address is given twice')

/** The order's id as `newOrderId` makes it. */
export const orderId = v.pipe(v.string(), v.regex(ORDER_ID, 'not an order id'))

/** One setting's value, bounds included: `parseValue` reads the same ones from text. */
function settingOf(def: SettingDef) {
  const unit = def.type === 'duration' ? (UNIT_SECONDS[def.unit ?? 's'] ?? 1) : 1
  switch (def.type) {
    case 'int':
    case 'duration':
      return v.pipe(
        v.number(),
        v.integer(),
        v.minValue((def.min ?? 0) * unit),
        v.maxValue((def.max ?? Number.MAX_SAFE_INTEGER) * unit),
        v.multipleOf(unit),
      )
    case 'bool':
      return v.boolean()
    case 'header':
      return v.pipe(v.string(), v.maxLength(def.max ?? 76), v.regex(HEADER_NAME, 'not a header name'))
    case 'email':
      return v.pipe(v.string(), v.maxLength(254), v.regex(ADDR_SPEC, 'not a plain address'))
    case 'ips':
      return v.pipe(v.array(ip), v.minLength(1), v.maxLength(64), distinct)
  }
}

/** Sparse settings: a key that is not one of the 23, or a value out of bounds, is refused. */
export const settingsRequest = v.strictObject(
  Object.fromEntries(settingDefs().map((def) => [def.key, v.exactOptional(settingOf(def))])),
)

const ttl = v.pipe(natural, v.minValue(1), v.maxValue(3600))

/** What an order claims; absent in those of an akctl that knows no leases. */
const claim = v.strictObject({
  id: orderId,
  host: plain(256),
  pid: natural,
  job: v.exactOptional(plain(1024)),
  operation: plain(64),
  ttl,
  keep: v.boolean(),
  held: v.boolean(),
})

/** What the node is expected to be at. The id came with version 1.2 of the API, and so did both in a rollback. */
const expectation = v.union([natural, v.picklist(['none', 'any'])])
const expectId = v.exactOptional(v.pipe(plain(64), v.minLength(1)))

const lockWait = v.pipe(natural, v.maxValue(3600))

const orderEntries = {
  id: orderId,
  by: plain(256),
  reason: plain(REASON_MAX),
  at: v.pipe(v.string(), v.isoTimestamp()),
  lockWait,
  lease: v.exactOptional(claim),
}

/** The addresses the node sends from, as its record has them. */
const addresses = v.pipe(v.array(ip), v.maxLength(256), distinct)

/** Body of stop and restart. */
export const orderRequest = v.strictObject(orderEntries)

/** Body of a start. */
export const startRequest = v.strictObject({ ...orderEntries, unlessStopped: v.exactOptional(v.boolean()) })

/** Body of a sync. */
export const syncRequest = v.strictObject({
  ...orderEntries,
  settings: settingsRequest,
  expect: expectation,
  expectId,
  restart: v.boolean(),
  addresses,
})

/** Body of a diff. */
export const diffRequest = v.strictObject({ settings: settingsRequest, addresses })

/** Body of a preview: of a sync, or of a rollback. */
export const previewRequest = v.union([diffRequest, v.strictObject({ to: v.union([natural, v.literal('before')]) })])

/** Body of a rollback; without `to`, to the revision before; without `expect`, from whatever the node is at. */
export const rollbackRequest = v.strictObject({
  ...orderEntries,
  expect: v.exactOptional(expectation),
  expectId,
  to: v.exactOptional(natural),
})

/** What a look is to find out beyond a status. */
export const lookRequest = v.strictObject({
  countTo: v.exactOptional(natural),
  answers: v.exactOptional(v.boolean()),
})

/** Body of what gives an order up. */
export const giveUpRequest = v.strictObject({ id: orderId, lockWait })

/** What of the logs is wanted. */
export const logsRequest = v.strictObject({
  source: v.picklist(LOG_SOURCES),
  lines: v.pipe(natural, v.maxValue(1_000_000)),
  follow: v.boolean(),
  since: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1e12))),
})

/** Body of a renewal of a lease, and of a release. */
export const renewRequest = v.strictObject({ id: orderId, ttl })
export const releaseRequest = v.strictObject({ id: orderId, by: plain(256) })
