import type { ShownIdentity, TrustRecord } from '../node/trust.ts'

/** What is known of identities, and whom to ask about an unknown one. Handed in: connection knows no profile. */
export interface IdentityPolicy {
  /** The accepted identities of an endpoint (`host:port`): host keys for SSH, certificates with their PEM for HTTPS. */
  known(endpoint: string): Promise<readonly TrustRecord[]>
  /** Asks the user about an unknown identity; absent where nobody can be asked. True: accepted and recorded. */
  readonly ask?: (shown: ShownIdentity) => Promise<boolean>
  /** The command that would trust it, for the message of a refusal. */
  trustCommand(shown: ShownIdentity): string
}
