import type { ShownIdentity } from '../../node/trust.ts'
import type { ShownCertificate } from '../../connection/agent/certificate.ts'
import type { SshTimeouts } from '../../connection/ssh/target.ts'
import type { Context } from '../context.ts'
import { identityPolicy, sshTarget } from '../connector.ts'
import { Lookups } from '../lookups.ts'
import type { Place, PlaceOptions } from './endpoints.ts'

/**
 * The identities an endpoint shows now, best type first; no login is tried there, and nothing is sent to an agent. A
 * node behind a jump host is asked by way of it, and there akctl has to log in.
 * @throws UnreachableError, TimeoutError, CancelledError; for the jump host also UntrustedError, UnauthorizedError
 */
export async function offeredAt(context: Context, place: Place, options: PlaceOptions): Promise<readonly ShownIdentity[]> {
  if (place.kind === 'tls') return [await offeredCertificate(context, place)]
  const { shownIdentities } = await import('../../connection/ssh/identities.ts')
  const { connectTimeout, authTimeout, keepAlive } = context.run
  const timeouts: SshTimeouts = { connect: connectTimeout, auth: authTimeout, keepAlive }
  const via = options.jump ? undefined : viaOf(context, place)
  return shownIdentities(place, timeouts, { signal: context.signal, ...(via === undefined ? {} : { via }) })
}

/** The certificate that an agent shows now. A warning says when it is of no use today. */
export async function offeredCertificate(context: Context, place: Place): Promise<ShownCertificate> {
  const [{ shownCertificate }, { refuseUnsafe }, { validityProblem }] = await Promise.all([
    import('../../connection/agent/probe.ts'),
    import('../../connection/agent/environment.ts'),
    import('../../connection/agent/certificate.ts'),
  ])
  const { host, port, endpoint } = place
  const { signal, env, run } = context
  refuseUnsafe(env)
  const shown = await shownCertificate(endpoint, { label: endpoint, host, port, seconds: run.connectTimeout, signal })
  const untimely = validityProblem(shown, context.clock())
  if (untimely !== undefined) context.warn(`${endpoint}: the certificate ${untimely}; connections to it are refused`)
  return shown
}

function viaOf(context: Context, { node }: Place) {
  if (node?.jump === undefined) return undefined
  const lookups = new Lookups(context)
  const { jump } = sshTarget(node, lookups)
  return jump === undefined ? undefined : { jump, policy: identityPolicy(context, node, true, lookups) }
}
