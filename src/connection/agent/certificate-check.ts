import type { X509Certificate } from 'node:crypto'
import { type PeerCertificate, checkServerIdentity } from 'node:tls'
import { type TrustRecord, isAuthority } from '../../node/trust.ts'
import { UntrustedError } from '../../outcome/errors.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import { COMPARE, type ShownCertificate, certificateFingerprint, derOf, validityProblem } from './certificate.ts'
import type { Verification } from './tls.ts'

/** What the check itself says, where OpenSSL had no objection. */
const OTHER = 'not an accepted certificate'

/** Whose identity is checked. */
export interface Checked {
  /** Who, for messages: `mx1 (https://203.0.113.5:4433)`. */
  readonly label: string
  /** The node's name, for commands in messages. */
  readonly name: string
  readonly host: string
  /** `host:port`, as trust records name it. */
  readonly endpoint: string
}

/**
 * Decides about an endpoint's certificate. A pinned certificate is accepted by its fingerprint, whatever its names; one
 * that an accepted CA has issued, by its chain and its names. Its dates count in either case.
 */
export class CertificateCheck {
  private readonly pinned: ReadonlySet<string>
  private readonly authorities: boolean
  private readonly certificates: readonly string[]

  /** @throws UntrustedError when a record has no certificate, or another one than its fingerprint says */
  constructor(
    private readonly of: Checked,
    private readonly known: readonly TrustRecord[],
  ) {
    this.certificates = known.map((record) => this.certificateOf(record))
    this.pinned = new Set(known.filter((record) => !isAuthority(record)).map(({ fingerprint }) => fingerprint))
    this.authorities = known.some(isAuthority)
  }

  /** For TLS: the accepted certificates are the only authorities there are. */
  get verification(): Verification {
    return {
      rejectUnauthorized: true,
      ca: [...this.certificates],
      checkServerIdentity: (_, certificate) => this.objection(certificate),
    }
  }

  /** Whether a certificate whose chain was verified is an accepted one. The second look, at an open connection. */
  accepts(certificate: X509Certificate | undefined): boolean {
    if (certificate === undefined) return false
    return this.isPinned(certificate.raw) || this.objection(certificate.toLegacyObject()) === undefined
  }

  /**
   * The refusal of what an endpoint shows, with what to do about it.
   * @param shown what it showed to a probe after the refusal
   * @param why what TLS had against it
   */
  refusal(shown: ShownCertificate, why: string, now: Date, trustCommand: IdentityPolicy['trustCommand']): UntrustedError {
    const { label, endpoint } = this.of
    const seen = `${shown.type} ${shown.fingerprint}`
    const untimely = validityProblem(shown, now)
    if (this.pinned.has(shown.fingerprint)) {
      const what = untimely ?? `is refused by TLS: ${why}`
      return new UntrustedError(`${label}: the accepted certificate of ${endpoint} ${what}. Nothing was sent to it`, {
        detail: [seen],
        hints: this.renewal(),
      })
    }
    if (this.pinned.size === 0) return this.refusalByAuthority(shown, untimely ?? why, trustCommand)
    const records = this.known.map(
      ({ type, fingerprint, added, by }) => `  accepted: ${type ?? 'any type'} ${fingerprint} (${added}, ${by})`,
    )
    const message = [
      `${label}: THE IDENTITY OF ${endpoint} HAS CHANGED. Nothing was sent to it`,
      ...records,
      `  shown now: ${seen}${untimely === undefined ? '' : ` (it ${untimely})`}`,
    ].join('\n')
    return new UntrustedError(message, {
      hints: [
        'another machine may be answering in its place: find out before you go on',
        `only if it was reinstalled or given a new certificate: akctl trust remove ${endpoint}, then:`,
        trustCommand(shown),
      ],
    })
  }

  private refusalByAuthority(shown: ShownCertificate, why: string, trustCommand: (shown: ShownCertificate) => string) {
    const { label, endpoint, host } = this.of
    const message = `${label}: the certificate of ${endpoint} is not one that the accepted CA vouches for (${why}). Nothing was sent to it`
    return new UntrustedError(message, {
      detail: [`shown now: ${shown.type} ${shown.fingerprint}`, `it is for: ${shown.names || 'no names at all'}`],
      hints: [
        `it has to be issued by the accepted CA, for the name or address ${host}, and be valid today`,
        'another machine may be answering in its place: find out before you go on',
        `only if it is the right one all the same: ${trustCommand(shown)}`,
      ],
    })
  }

  private renewal(): readonly string[] {
    const { name } = this.of
    return [
      'is the clock of this machine right? (date -u)',
      `if so, give the node a new certificate: akctl nodes archive ${name} --rotate --out FILE, unpacked there`,
    ]
  }

  /** Strict: undefined accepts, and nothing else does. A throw in here would end the process. */
  private objection(certificate: PeerCertificate): Error | undefined {
    try {
      if (this.isPinned(certificate.raw)) return undefined
      return this.authorities ? checkServerIdentity(this.of.host, certificate) : new Error(OTHER)
    } catch (error) {
      return error instanceof Error ? error : new Error(OTHER)
    }
  }

  private isPinned(der: Uint8Array): boolean {
    return this.pinned.has(certificateFingerprint(der))
  }

  /** By its bytes alone: to read a certificate's fields takes a tenth of a connection's CPU. */
  private certificateOf({ certificate = '', fingerprint }: TrustRecord): string {
    const der = derOf(certificate)
    if (der !== undefined && certificateFingerprint(der) === fingerprint) return certificate
    const { label, name, endpoint } = this.of
    throw new UntrustedError(
      `${label}: the certificate that is kept for ${endpoint} is damaged or missing. Nothing was sent to it`,
      {
        hints: [`take it in anew: akctl trust remove ${endpoint} --fingerprint ${fingerprint}, then akctl trust add ${name}`],
      },
    )
  }
}

/** The refusal of an endpoint for which nothing is accepted. */
export function unknownIdentity(
  { label, endpoint }: Checked,
  shown: ShownCertificate,
  now: Date,
  trustCommand: IdentityPolicy['trustCommand'],
): UntrustedError {
  const untimely = validityProblem(shown, now)
  const note = untimely === undefined ? '' : ` (a certificate that ${untimely})`
  return new UntrustedError(
    `${label}: the identity of ${endpoint} is not known: ${shown.type} ${shown.fingerprint}${note}. Nothing was sent to it`,
    { hints: [COMPARE, trustCommand(shown)] },
  )
}
