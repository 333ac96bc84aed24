import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { Secret } from '../../node/secret.ts'

const DAY = 86_400_000
const YEARS = 10
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A certificate and its private key. */
export interface ServerIdentity {
  /** PEM. */
  readonly certificate: string
  /** PEM (PKCS #8). */
  readonly key: Secret
}

/**
 * Makes a certificate that signs itself: ECDSA P-256, for one host, good for ten years. It begins a day back, as the
 * node's clock may be behind.
 * @param host name or address that it is for
 * @param name whose it is, for who looks at it
 */
export async function makeIdentity(host: string, name: string, now: Date): Promise<ServerIdentity> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const notAfter = new Date(now)
  notAfter.setUTCFullYear(now.getUTCFullYear() + YEARS)
  const serial = randomBytes(16)
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0) // positive, and no zeros in front
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial.toString('hex'),
      name: [{ CN: [name] }],
      notBefore: new Date(now.getTime() - DAY),
      notAfter,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
        new x509.SubjectAlternativeNameExtension([alternativeName(host)]),
      ],
    },
    webcrypto,
  )
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { certificate: `${certificate.toString('pem')}\n`, key: new Secret(pem('PRIVATE KEY', key)) }
}

function alternativeName(host: string): { readonly type: 'ip' | 'dns'; readonly value: string } {
  // A certificate knows no zone of a link-local address.
  if (isIP(host) !== 0) return { type: 'ip', value: host.replace(/%.*/, '') }
  return { type: 'dns', value: domainToASCII(host) || host }
}

function pem(what: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${what}-----`, ...lines, `-----END ${what}-----`, ''].join('\n')
}
