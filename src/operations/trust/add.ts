import type { TrustRecord } from '../../node/trust.ts'
import { isAuthority } from '../../node/trust.ts'
import { UntrustedError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { type Place, type PlaceOptions, placeOf } from './endpoints.ts'
import { chooseIdentity } from './choose.ts'
import { COMPARE, checkFingerprints } from './fingerprint.ts'
import { offeredAt, offeredCertificate } from './offered.ts'

/** What an addition did. */
export interface Added {
  readonly endpoint: string
  readonly accepted: readonly Pick<TrustRecord, 'fingerprint' | 'type' | 'source'>[]
  /** How many of them were not accepted before. */
  readonly new: number
}

/** An identity to accept. */
export type Acceptable = Pick<TrustRecord, 'fingerprint' | 'type' | 'certificate'>

/**
 * Accepts identities by their fingerprints: host keys without asking the server; a certificate once the agent has shown
 * it, as the whole of it is kept.
 * @param target a node's name or id, or `host:port`
 * @throws UntrustedError when the agent shows another certificate; UsageError, and what connecting does
 */
export async function addFingerprints(
  context: Context,
  target: string,
  options: PlaceOptions & { readonly fingerprints: readonly string[] },
): Promise<Added> {
  checkFingerprints(options.fingerprints)
  const place = await findPlace(context, target, options)
  const fingerprints = [...new Set(options.fingerprints)]
  const identities = fingerprints.map((fingerprint) => ({ fingerprint }))
  return accept(context, place, place.kind === 'ssh' ? identities : [await expected(context, place, fingerprints)], 'flag')
}

/**
 * Accepts an identity that the server shows now and the user confirms; one that is accepted already is left alone.
 * @throws UntrustedError when the identity has changed; UsageError where nobody can be asked; and as `offeredAt`
 */
export async function addShown(context: Context, target: string, options: PlaceOptions): Promise<Added> {
  const place = await findPlace(context, target, options)
  const shown = await offeredAt(context, place, options)
  const { trust } = await context.profile()
  const known = (await trust.list()).filter(({ endpoint, kind }) => endpoint === place.endpoint && kind === place.kind)
  const pinned = known.filter((record) => !isAuthority(record))
  const chosen = await chooseIdentity(context, { ...options, target, place, shown, known: pinned })
  return accept(context, place, chosen, 'prompt')
}

/** Keeps identities of one endpoint and says so in the journal. */
export async function accept(context: Context, place: Place, identities: readonly Acceptable[], source: string): Promise<Added> {
  const { trust } = await context.profile()
  const added = context.clock().toISOString()
  const { endpoint, kind } = place
  const records = identities.map(({ fingerprint, type, certificate }) => ({
    endpoint,
    kind,
    fingerprint,
    ...(certificate === undefined ? {} : { certificate }),
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
  return { endpoint, accepted, new: count }
}

/** The place that was named. @throws NotFoundError, UsageError */
export async function findPlace(context: Context, target: string, options: PlaceOptions): Promise<Place> {
  const { nodes } = await (await context.profile()).read()
  return placeOf(nodes, target, options)
}

/** The certificate that an agent shows now, if it is the one that is expected. */
async function expected(context: Context, place: Place, fingerprints: readonly string[]): Promise<Acceptable> {
  const [fingerprint] = fingerprints
  if (fingerprints.length > 1) {
    throw new UsageError('an agent shows one certificate at a time: give the fingerprint of that one', {
      hints: ['for a change without a gap: accept the new one once the agent shows it, then remove the old one'],
    })
  }
  const shown = await offeredCertificate(context, place)
  if (shown.fingerprint === fingerprint) return shown
  throw new UntrustedError(`${place.endpoint} does not show ${fingerprint ?? 'it'}; nothing was accepted`, {
    detail: [`shown now: ${shown.type} ${shown.fingerprint}`],
    hints: ['another machine may be answering in its place: find out before you go on', COMPARE.tls],
  })
}
