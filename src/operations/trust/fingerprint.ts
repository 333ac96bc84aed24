import { COMPARE as CERTIFICATE } from '../../connection/agent/certificate.ts'
import type { TrustRecord } from '../../node/trust.ts'
import { UsageError } from '../../outcome/errors.ts'

/** How to see a fingerprint on the server itself. */
export const COMPARE: Readonly<Record<TrustRecord['kind'], string>> = {
  ssh: 'compare on the server itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or its other types)',
  tls: CERTIFICATE,
}

/** Whether a text has the form of `ssh-keygen -l`: `SHA256:` and 32 bytes in unpadded base64. */
function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text)
}

/** @throws UsageError that names every text that is no fingerprint */
export function checkFingerprints(texts: readonly string[]): void {
  const bad = texts.filter((text) => !isFingerprint(text))
  if (bad.length === 0) return
  throw new UsageError(`no fingerprint: ${bad.map((text) => `"${text}"`).join(', ')}`, {
    hints: ['give SHA256: and 43 characters of base64', `of a host key, ${COMPARE.ssh}`, `of a certificate, ${COMPARE.tls}`],
  })
}
