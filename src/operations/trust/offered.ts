import type { ShownIdentity } from '../../node/trust.ts'
import type { SshTimeouts } from '../../connection/ssh/target.ts'
import type { Context } from '../context.ts'
import { identityPolicy, sshTarget } from '../connector.ts'
import { Lookups } from '../lookups.ts'
import type { Place, PlaceOptions } from './endpoints.ts'

/**
 * The identities an endpoint shows now, best type first; no login is tried there. A node behind a jump host is asked
 * by way of it, and there akctl has to log in.
 * @throws UnreachableError, TimeoutError, CancelledError; for the jump host also UntrustedError, UnauthorizedError
 */
export async function offeredAt(context: Context, place: Place, options: PlaceOptions): Promise<readonly ShownIdentity[]> {
  const { shownIdentities } = await import('../../connection/ssh/identities.ts')
  const { connectTimeout, authTimeout, keepAlive } = context.run
  const timeouts: SshTimeouts = { connect: connectTimeout, auth: authTimeout, keepAlive }
  const via = options.jump ? undefined : viaOf(context, place)
  return shownIdentities(place, timeouts, { signal: context.signal, ...(via === undefined ? {} : { via }) })
}

function viaOf(context: Context, { node }: Place) {
  if (node?.jump === undefined) return undefined
  const lookups = new Lookups(context)
  const { jump } = sshTarget(node, lookups)
  return jump === undefined ? undefined : { jump, policy: identityPolicy(context, node, true, lookups) }
}
