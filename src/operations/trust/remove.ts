import type { TrustRecord } from '../../node/trust.ts'
import { NotFoundError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { journalChange } from '../journal/change.ts'
import { type PlaceOptions, placeOf } from './endpoints.ts'
import { checkFingerprints } from './fingerprint.ts'

export interface Removal extends PlaceOptions {
  /** Only this identity; undefined: all of the endpoint. */
  readonly fingerprint?: string
}

/**
 * Accepts identities no longer.
 * @param target a node's name or id, or `host:port`
 * @returns what was removed
 * @throws NotFoundError when nothing is accepted there
 */
export async function removeTrust(context: Context, target: string, options: Removal): Promise<readonly TrustRecord[]> {
  const profile = await context.profile()
  const { endpoint, node } = placeOf((await profile.read()).nodes, target, options)
  const { fingerprint } = options
  if (fingerprint !== undefined) checkFingerprints([fingerprint])
  const removed = await profile.trust.remove(endpoint, fingerprint)
  if (removed.length === 0) {
    const what = fingerprint === undefined ? 'no identity' : `no identity ${fingerprint}`
    throw new NotFoundError(`${what} is accepted at ${endpoint}`, { hints: ['akctl trust list shows what is accepted'] })
  }
  const message = removed.map((record) => `${record.endpoint} ${record.fingerprint}`).join(', ')
  await journalChange(context, { verb: 'trust remove', message, ...(node === undefined ? {} : { node: node.name }) })
  return removed
}
