import { X509Certificate, createHash, randomBytes, webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { TrustRecord } from '../../src/node/trust.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000

/** A certificate, its key, and how it is named in trust records. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly fingerprint: string
}

/** One that can issue others. */
export interface MadeCertificate extends TestCertificate {
  readonly keys: webcrypto.CryptoKeyPair
  readonly made: x509.X509Certificate
}

export interface CertificateOptions {
  readonly name?: string
  /** Names it is for: `127.0.0.1`, `localhost`. */
  readonly hosts?: readonly string[]
  /** Days from now that it begins and ends. */
  readonly from?: number
  readonly until?: number
  readonly ca?: boolean
  /** Signed by this one; by itself when left out. */
  readonly issuer?: MadeCertificate
  /** The key of another certificate. */
  readonly keys?: webcrypto.CryptoKeyPair
}

/** Makes a certificate: ECDSA P-256, for 127.0.0.1 and localhost, signed by itself, unless told otherwise. */
export async function makeCertificate(options: CertificateOptions = {}): Promise<MadeCertificate> {
  const { name = 'mx1', hosts = ['127.0.0.1', 'localhost'], from = -1, until = 365, ca = false, issuer } = options
  const keys = options.keys ?? (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']))
  const names = hosts.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const), value }))
  const made = await x509.X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(12).toString('hex')}`,
      subject: `CN=${name}`,
      issuer: issuer?.made.subject ?? `CN=${name}`,
      notBefore: new Date(Date.now() + from * DAY),
      notAfter: new Date(Date.now() + until * DAY),
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(ca, undefined, true),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    },
    webcrypto,
  )
  const cert = made.toString('pem')
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
  return { ...certificateOf(cert), key, keys, made }
}

/** A certificate that somebody else has made. */
export function certificateOf(cert: string): TestCertificate {
  const digest = createHash('sha256').update(new X509Certificate(cert).raw).digest('base64')
  return { cert, key: '', fingerprint: `SHA256:${digest.replace('=', '')}` }
}

/** A record that accepts a certificate at an endpoint, or (type `ca`) what it has issued. */
export function trustedCertificate(endpoint: string, { cert, fingerprint }: TestCertificate, type = 'ecdsa-p256'): TrustRecord {
  return {
    endpoint,
    kind: 'tls',
    fingerprint,
    certificate: cert,
    type,
    added: '2025-01-02T03:04:05Z',
    by: 'ann@desk',
    source: 'archive',
  }
}
