import { UnreachableError } from '../../outcome/errors.ts'
import { type ShownCertificate, describeCertificate } from './certificate.ts'
import { type TlsEndpoint, openTls } from './tls.ts'

/**
 * The certificate that an endpoint shows now. Nothing is sent there but the TLS handshake: this is the only place where
 * a certificate is not verified, and the connection is dropped as soon as it was seen.
 * @param endpoint `host:port`, as trust records name it
 * @throws UnreachableError, TimeoutError, CancelledError
 */
export async function shownCertificate(endpoint: string, to: TlsEndpoint): Promise<ShownCertificate> {
  const opened = await openTls(to, { rejectUnauthorized: false, ca: [] })
  if (opened.kind === 'refused') throw new UnreachableError(`${to.label} showed a certificate that is none: ${opened.why}`)
  const certificate = opened.socket.getPeerX509Certificate()
  opened.socket.destroy()
  if (certificate === undefined) throw new UnreachableError(`${to.label} showed no certificate`)
  return describeCertificate(endpoint, certificate)
}
