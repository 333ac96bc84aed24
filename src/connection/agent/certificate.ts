import { X509Certificate, createHash } from 'node:crypto'
import type { ShownIdentity } from '../../node/trust.ts'

/** A certificate that an endpoint showed, or that a file holds. */
export interface ShownCertificate extends ShownIdentity {
  readonly kind: 'tls'
  /** PEM. */
  readonly certificate: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** The names it is for, as they are in it: `DNS:mx1.example.com, IP Address:203.0.113.5`; empty when it has none. */
  readonly names: string
}

/** How to see a certificate's fingerprint on the node itself. */
export const COMPARE =
  'compare on the server itself: openssl x509 -in DIR/conf/server.crt -outform der | openssl dgst -sha256 -binary | base64'

/** `SHA256:` and unpadded base64, over a certificate's DER bytes. */
export function certificateFingerprint(der: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`
}

/** What trust records and messages say of a certificate that was shown at an endpoint. */
export function describeCertificate(endpoint: string, certificate: X509Certificate): ShownCertificate {
  return {
    endpoint,
    kind: 'tls',
    type: keyType(certificate),
    fingerprint: certificateFingerprint(certificate.raw),
    certificate: certificate.toString(),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    names: (certificate.subjectAltName ?? '').slice(0, 300),
  }
}

/** The bytes of a PEM text that is one certificate and nothing else (RFC 7468, section 2); undefined for any other. */
export function derOf(pem: string): Uint8Array | undefined {
  const text = /^-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(pem)?.[1]
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}

/** The certificate of a PEM text, or undefined when it holds none that can be read. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** Why a certificate is of no use at a time, or undefined when it is. */
export function validityProblem({ notBefore, notAfter }: ShownCertificate, now: Date): string | undefined {
  if (now > notAfter) return `has expired: it was valid until ${dateOf(notAfter)}`
  if (now < notBefore) return `is not valid yet: it is from ${dateOf(notBefore)} on, and here it is ${dateOf(now)}`
  return undefined
}

function dateOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' }

/** `ecdsa-p256`, `rsa-2048`, `ed25519`… */
function keyType({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails: { namedCurve = '', modulusLength } = {} } = publicKey
  if (asymmetricKeyType === 'ec') return `ecdsa-${CURVES[namedCurve] ?? namedCurve}`
  return modulusLength === undefined ? asymmetricKeyType : `${asymmetricKeyType}-${modulusLength}`
}
