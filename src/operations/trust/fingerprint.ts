import { UsageError } from '../../outcome/errors.ts'

/** Whether a text has the form of `ssh-keygen -l`: `SHA256:` and 32 bytes in unpadded base64. */
function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text)
}

/** @throws UsageError that names every text that is no fingerprint */
export function checkFingerprints(texts: readonly string[]): void {
  const bad = texts.filter((text) => !isFingerprint(text))
  if (bad.length === 0) return
  throw new UsageError(`no fingerprint: ${bad.map((text) => `"${text}"`).join(', ')}`, {
    hints: [
      'give SHA256: and 43 characters of base64, as this prints on the server: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    ],
  })
}
