import type { TLSSocket } from 'node:tls'
import { endpoint as endpointName } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import { CertificateCheck, type Checked, unknownIdentity } from './certificate-check.ts'
import type { ShownCertificate } from './certificate.ts'
import { refuseUnsafe } from './environment.ts'
import { shownCertificate } from './probe.ts'
import type { AgentTarget } from './target.ts'
import { type TlsEndpoint, openTls } from './tls.ts'

/** What connections to an agent are made with. */
export interface SecureParts {
  readonly target: Pick<AgentTarget, 'name' | 'host' | 'port'>
  readonly policy: IdentityPolicy
  /** Seconds for name lookup, TCP and TLS together. */
  readonly seconds: number
  readonly signal?: AbortSignal | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
}

/** Who an agent is, for messages: `mx1 (https://203.0.113.5:4433)`. */
export function agentLabel({ name, host, port }: SecureParts['target']): string {
  return `${name} (https://${endpointName(host, port)})`
}

/**
 * Connects to an agent whose certificate is an accepted one; nothing was sent to it yet. An unknown certificate is
 * asked about between two connections.
 * @throws UntrustedError, UnreachableError, TimeoutError, CancelledError; UsageError where the environment switches verification off
 */
export async function openSecure(parts: SecureParts): Promise<TLSSocket> {
  refuseUnsafe(parts.env)
  const { target, policy, seconds, signal, clock } = parts
  const { name, host, port } = target
  const to: TlsEndpoint = { label: agentLabel(target), host, port, seconds, signal }
  const checked: Checked = { label: to.label, name, host, endpoint: endpointName(host, port) }
  const known = await policy.known(checked.endpoint)
  const records = known.length > 0 ? known : [await askedAbout(checked, to, parts)]
  const check = new CertificateCheck(checked, records)
  const opened = await openTls(to, check.verification)
  if (opened.kind === 'open') {
    const { socket } = opened
    if (socket.authorized && !socket.isSessionReused() && check.accepts(socket.getPeerX509Certificate())) return socket
    socket.destroy()
  }
  const why = opened.kind === 'refused' ? opened.why : 'the connection was not verified in full'
  const shown = await shownCertificate(checked.endpoint, to)
  throw check.refusal(shown, why, clock(), (identity) => policy.trustCommand(identity))
}

/** What an endpoint shows for which nothing is accepted, once the user has accepted it. @throws UntrustedError */
async function askedAbout(checked: Checked, to: TlsEndpoint, { policy, clock }: SecureParts): Promise<TrustRecord> {
  const shown = await shownCertificate(checked.endpoint, to)
  const accepted: unknown = await policy.ask?.(shown)
  if (accepted !== true) throw unknownIdentity(checked, shown, clock(), (identity) => policy.trustCommand(identity))
  return asked(shown, clock())
}

function asked({ endpoint, kind, type, fingerprint, certificate }: ShownCertificate, now: Date): TrustRecord {
  return { endpoint, kind, type, fingerprint, certificate, added: now.toISOString(), by: '', source: 'prompt' }
}
