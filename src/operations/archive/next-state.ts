import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import type { Secret } from '../../node/secret.ts'
import type { TrustRecord } from '../../node/trust.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Profile } from '../../profile/profile.ts'

/** A node's secrets and certificates as they are to be. */
export interface NextState {
  /** By name; undefined: there is none. */
  readonly secrets: readonly (readonly [name: string, secret: Secret | undefined])[]
  /** All that its endpoint may show. */
  readonly certificates: readonly TrustRecord[]
}

/** As many as a trust store keeps for an endpoint. */
const AT_MOST = 2

/** @throws UsageError when the profile would have to accept more certificates of a node than it keeps */
export function checkNextState(node: NodeRecord, { certificates }: NextState): void {
  if (certificates.length <= AT_MOST) return
  const place = endpoint(node.host, endpointPort(node))
  throw new UsageError(`${place} has ${certificates.length - 1} accepted certificates already, which is the most`, {
    hints: certificates
      .slice(0, -1)
      .map(
        ({ fingerprint, added }) =>
          `remove the one not used: akctl trust remove ${place} --fingerprint ${fingerprint} (added ${added})`,
      ),
  })
}

/**
 * Makes the profile as it is to be. What fails leaves it as it was.
 * @returns takes it all back
 */
export async function applyNextState(profile: Profile, node: NodeRecord, next: NextState): Promise<() => Promise<void>> {
  const place = endpoint(node.host, endpointPort(node))
  const secrets = await Promise.all(next.secrets.map(async ([name]) => [name, await profile.secrets.get(name)] as const))
  const certificates = await acceptedAt(profile, place)
  const undo = async (): Promise<void> => {
    await write(profile, { secrets: secrets.toReversed(), certificates }, place)
  }
  try {
    await write(profile, next, place)
    return undo
  } catch (error) {
    await undo().catch(() => undefined) // the first error says why
    throw error
  }
}

/** Secrets first, as they may need unlocking; what is no longer accepted goes last. */
async function write({ secrets, trust }: Profile, next: NextState, place: string): Promise<void> {
  for (const [name, secret] of next.secrets) if (secret !== undefined) await secrets.set(name, secret)
  const now = (await trust.list()).filter(({ endpoint: at, kind }) => at === place && kind === 'tls')
  const has = (records: readonly TrustRecord[], { fingerprint }: TrustRecord): boolean =>
    records.some((record) => record.fingerprint === fingerprint)
  for (const record of now) if (!has(next.certificates, record)) await trust.remove(place, record.fingerprint)
  const added = next.certificates.filter((record) => !has(now, record))
  if (added.length > 0) await trust.add(added)
  for (const [name, secret] of next.secrets) if (secret === undefined) await secrets.delete(name)
}

async function acceptedAt({ trust }: Profile, place: string): Promise<readonly TrustRecord[]> {
  return (await trust.list()).filter(({ endpoint: at, kind }) => at === place && kind === 'tls')
}
