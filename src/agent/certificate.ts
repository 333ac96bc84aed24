import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { codeOf } from './config-fields.ts'
import { wordsOf } from './exits.ts'

/** The certificate and its key as PEM texts, or what is wrong with them. */
interface CredentialsCheck {
  readonly certificate?: string
  readonly privateKey?: string
  readonly problems: readonly { readonly field: 'CERT_PATH' | 'KEYFILE_PATH'; readonly why: string }[]
  readonly warnings: readonly string[]
}

/** Reads a certificate and its key and sees that they belong together. A path that is undefined was refused before. */
export function readCredentials(certPath: string | undefined, keyPath: string | undefined): CredentialsCheck {
  const problems: { field: 'CERT_PATH' | 'KEYFILE_PATH'; why: string }[] = []
  const warnings: string[] = []
  const read = <T>(field: 'CERT_PATH' | 'KEYFILE_PATH', path: string | undefined, parse: (pem: string) => T) => {
    if (path === undefined) return undefined
    try {
      const pem = readFileSync(path, 'utf8')
      return { pem, parsed: parse(pem) }
    } catch (error) {
      const why = error instanceof Error && 'syscall' in error ? `can't be read (${codeOf(error)})` : wordsOf(error)
      problems.push({ field, why: `${path}: ${why}` })
      return undefined
    }
  }
  const cert = read('CERT_PATH', certPath, (pem) => new X509Certificate(pem))
  const key = read('KEYFILE_PATH', keyPath, privateKeyOf)
  if (keyPath !== undefined && key !== undefined && (statSync(keyPath).mode & 0o077) !== 0) {
    warnings.push(`KEYFILE_PATH: others than its owner can read ${keyPath}: chmod 600 ${keyPath}`)
  }
  if (cert === undefined || key === undefined) return { problems, warnings }
  const why = mismatch(cert, key)
  if (why !== undefined) problems.push({ field: 'KEYFILE_PATH', why: `${keyPath ?? ''}: ${why}` })
  const now = Date.now()
  if (Date.parse(cert.parsed.validTo) < now) warnings.push(`CERT_PATH: the certificate was valid until ${cert.parsed.validTo}`)
  if (Date.parse(cert.parsed.validFrom) > now)
    warnings.push(`CERT_PATH: the certificate is valid from ${cert.parsed.validFrom} on`)
  return { certificate: cert.pem, privateKey: key.pem, problems, warnings }
}

function privateKeyOf(pem: string): KeyObject {
  if (pem.includes('ENCRYPTED')) throw new Error('the key has a passphrase, which nobody could type')
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new Error('not a private key in PEM', { cause: error })
  }
}

function mismatch(
  cert: { readonly pem: string; readonly parsed: X509Certificate },
  key: { readonly pem: string; readonly parsed: KeyObject },
): string | undefined {
  if (!cert.parsed.checkPrivateKey(key.parsed)) return 'not the key of the certificate'
  try {
    createSecureContext({ cert: cert.pem, key: key.pem, minVersion: 'TLSv1.3' })
    return undefined
  } catch (error) {
    return `TLS refuses the certificate with its key: ${wordsOf(error)}`
  }
}
