import { endpoint as endpointName } from '../../node/record.ts'
import type { ShownIdentity } from '../../node/trust.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import { HOST_KEY_TYPES, type HostKeyType } from './algorithms.ts'
import { handshake } from './handshake.ts'
import { fingerprintOf, keyTypeOf } from './known-hosts.ts'
import { type Link, openLink, reach } from './link.ts'
import type { SshEndpoint, SshTimeouts } from './target.ts'
import { UnlockedKeys } from './unlocked-keys.ts'

/** The way to an endpoint behind a jump host: there one has to log in, so its identity is checked first. */
export interface Via {
  readonly jump: SshEndpoint
  readonly policy: IdentityPolicy
  /** Shared with the hosts of the run. */
  readonly keys?: UnlockedKeys
}

export interface ProbeOptions {
  readonly via?: Via
  readonly signal?: AbortSignal
}

/**
 * Every host key an endpoint shows, one a type it has, without any authentication attempt there. One connection a type.
 * @param at where: `{ host, port }`
 * @throws UnreachableError, TimeoutError, CancelledError; for a jump host also UntrustedError, UnauthorizedError
 */
export async function shownIdentities(
  at: { readonly host: string; readonly port: number },
  timeouts: SshTimeouts,
  options: ProbeOptions = {},
): Promise<readonly ShownIdentity[]> {
  const { signal, via } = options
  const limits = { timeouts, ...(signal === undefined ? {} : { signal }) }
  if (via === undefined) return probe(at, limits, undefined)
  const { jump, policy, keys = new UnlockedKeys() } = via
  const link = await openLink(`the jump host (${jump.user}@${jump.host}:${jump.port})`, jump, { policy, keys, ...limits })
  try {
    return await probe(at, limits, link)
  } finally {
    await link.close()
  }
}

interface Limits {
  readonly timeouts: SshTimeouts
  readonly signal?: AbortSignal
}

async function probe(
  at: { readonly host: string; readonly port: number },
  limits: Limits,
  jump: Link | undefined,
): Promise<ShownIdentity[]> {
  const endpoint = endpointName(at.host, at.port)
  const shown = new Map<string, ShownIdentity>()
  let types: readonly HostKeyType[] = HOST_KEY_TYPES
  while (types.length > 0) {
    const socket = await reach(endpoint, at, limits, jump)
    const result = await handshake({
      ...limits,
      label: endpoint,
      endpoint: { user: '', credential: () => Promise.reject(new Error('a probe never logs in')) },
      socket,
      keys: new UnlockedKeys(),
      types,
      accepts: (key) => {
        const type = keyTypeOf(key) ?? 'unknown'
        shown.set(type, { endpoint, kind: 'ssh', type, fingerprint: fingerprintOf(key) })
        return false
      },
    })
    const offered = result.kind === 'refused' ? result.offered : []
    const next = offered.find((type) => !shown.has(type))
    types = next === undefined ? [] : [next]
  }
  return [...shown.values()]
}
