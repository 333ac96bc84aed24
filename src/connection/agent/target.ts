import type { Secret } from '../../node/secret.ts'
import type { ShownIdentity, TrustRecord } from '../../node/trust.ts'

/** A node behind its agent. */
export interface AgentTarget {
  /** The node's name, for messages. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** The addresses the node sends from, as its record has them: part of a sync and of a diff. */
  readonly addresses: readonly string[]
  /** Read only once the agent's certificate is accepted. @throws NotFoundError, UsageError */
  readonly apiKey: () => Promise<Secret>
}

/** What is known of certificates. Handed in: connection knows no profile. */
export interface CertificatePolicy {
  /** The accepted certificates of an endpoint (`host:port`), with their PEM. */
  known(endpoint: string): Promise<readonly TrustRecord[]>
  /** Asks the user about an unknown certificate; absent where nobody can be asked. True: accepted and recorded. */
  readonly ask?: (shown: ShownIdentity) => Promise<boolean>
  /** The command that would trust it, for the message of a refusal. */
  trustCommand(shown: ShownIdentity): string
}

/** Times in seconds. */
export interface AgentTimeouts {
  readonly connect: number
  /** For reading calls. */
  readonly command: number
  /** For changing calls: a restart that waits until it is healthy takes longer than a status. */
  readonly change: number
}
