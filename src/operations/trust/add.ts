import type { TrustRecord } from '../../node/trust.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { type Place, type PlaceOptions, placeOf } from './endpoints.ts'
import { chooseIdentity } from './choose.ts'
import { checkFingerprints } from './fingerprint.ts'
import { offeredAt } from './offered.ts'

/** What an addition did. */
export interface Added {
  readonly endpoint: string
  readonly accepted: readonly Pick<TrustRecord, 'fingerprint' | 'type' | 'source'>[]
  /** How many of them were not accepted before. */
  readonly new: number
}

/**
 * Accepts identities by their fingerprints, without asking the server.
 * @param target a node's name or id, or `host:port`
 */
export async function addFingerprints(
  context: Context,
  target: string,
  options: PlaceOptions & { readonly fingerprints: readonly string[] },
): Promise<Added> {
  checkFingerprints(options.fingerprints)
  const place = await find(context, target, options)
  const fingerprints = [...new Set(options.fingerprints)]
  return accept(
    context,
    place,
    fingerprints.map((fingerprint) => ({ fingerprint })),
    'flag',
  )
}

/**
 * Accepts an identity that the server shows now and the user confirms; one that is accepted already is left alone.
 * @throws UntrustedError when the identity has changed; UsageError where nobody can be asked; and as `offeredAt`
 */
export async function addShown(context: Context, target: string, options: PlaceOptions): Promise<Added> {
  const place = await find(context, target, options)
  const shown = await offeredAt(context, place, options)
  const { trust } = await context.profile()
  const known = (await trust.list()).filter(({ endpoint, kind }) => endpoint === place.endpoint && kind === 'ssh')
  const chosen = await chooseIdentity(context, { ...options, target, place, shown, known })
  return accept(context, place, chosen, 'prompt')
}

/** Keeps identities of one endpoint and says so in the journal. */
export async function accept(
  context: Context,
  place: Place,
  identities: readonly { readonly fingerprint: string; readonly type?: string }[],
  source: string,
): Promise<Added> {
  const { trust } = await context.profile()
  const added = context.clock().toISOString()
  const records = identities.map(({ fingerprint, type }) => ({
    endpoint: place.endpoint,
    kind: 'ssh' as const,
    fingerprint,
    ...(type === undefined ? {} : { type }),
    added,
    by: context.operator,
    source,
  }))
  const count = await trust.add(records)
  if (count > 0) {
    const message = records.map((record) => `${record.endpoint} ${record.fingerprint} (${source})`).join(', ')
    await journalChange(context, { verb: 'trust add', message, ...(place.node === undefined ? {} : { node: place.node.name }) })
  }
  const accepted = records.map(({ fingerprint, type, source: from }) => ({
    fingerprint,
    ...(type === undefined ? {} : { type }),
    source: from,
  }))
  return { endpoint: place.endpoint, accepted, new: count }
}

async function find(context: Context, target: string, options: PlaceOptions): Promise<Place> {
  const { nodes } = await (await context.profile()).read()
  return placeOf(nodes, target, options)
}
