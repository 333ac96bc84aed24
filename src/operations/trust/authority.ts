import { AUTHORITY } from '../../node/trust.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { textOfNamed } from '../files/named-file.ts'
import { type Added, accept, findPlace } from './add.ts'

/**
 * Accepts what an operator's CA has issued for the host of a node, instead of one certificate. The server is not asked.
 * @param target a node's name or id, or `host:port` of an agent
 * @param file path of the CA's certificate, PEM
 * @throws UsageError for a file that holds no CA's certificate, or a node without an agent; NotFoundError
 */
export async function addAuthority(context: Context, target: string, file: string): Promise<Added> {
  const place = await findPlace(context, target, { jump: false })
  if (place.kind !== 'tls') {
    throw new UsageError(`--ca: ${target} is no agent of this profile: SSH servers have host keys, which no such CA issues`, {
      hints: ['register it first: akctl nodes create NAME --access https --host HOST --dir DIR'],
    })
  }
  const { describeCertificate, readCertificate, validityProblem } = await import('../../connection/agent/certificate.ts')
  const text = await textOfNamed('certificate', file)
  const certificate = readCertificate(text)
  if (certificate === undefined) throw new UsageError(`--ca: ${file} holds no certificate in PEM that can be read`)
  if (text.split('-----BEGIN CERTIFICATE-----').length > 2) {
    throw new UsageError(`--ca: ${file} holds several certificates: give the one of the CA that issues the agents' own`)
  }
  if (!certificate.ca) throw new UsageError(`--ca: the certificate in ${file} is not one of a CA (basicConstraints)`)
  const described = describeCertificate(place.endpoint, certificate)
  const untimely = validityProblem(described, context.clock())
  if (untimely !== undefined) throw new UsageError(`--ca: the certificate in ${file} ${untimely}`)
  return accept(context, place, [{ ...described, type: AUTHORITY }], `ca ${file}`)
}
