/** One identity that this profile accepts at an endpoint. One model for SSH host keys and TLS certificates. */
export interface TrustRecord {
  /** `host:port`, `[v6]:port`. */
  readonly endpoint: string
  readonly kind: 'ssh' | 'tls'
  /** `SHA256:` and unpadded base64, as ssh-keygen -l prints it; of a certificate, over its DER bytes. */
  readonly fingerprint: string
  /** PEM of a certificate (kind `tls`): what is given to TLS as the only accepted authority. */
  readonly certificate?: string
  /** Key type (`ssh-ed25519`, `rsa`…), or `ca`: an authority's certificate; absent when only a fingerprint was given. */
  readonly type?: string
  /** ISO 8601. */
  readonly added: string
  readonly by: string
  /** Where it came from: `prompt`, `flag`, `known_hosts FILE`, `archive`. */
  readonly source: string
}

/** An identity an endpoint showed. */
export interface ShownIdentity {
  readonly endpoint: string
  readonly kind: 'ssh' | 'tls'
  readonly type: string
  readonly fingerprint: string
  /** PEM, where it is a certificate. */
  readonly certificate?: string
}

/** The type of a record that accepts what an operator's CA has issued for the node's host. */
export const AUTHORITY = 'ca'

/** Whether a record accepts certificates by their issuer. */
export function isAuthority({ kind, type }: Pick<TrustRecord, 'kind' | 'type'>): boolean {
  return kind === 'tls' && type === AUTHORITY
}
