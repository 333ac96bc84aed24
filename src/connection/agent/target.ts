import type { Secret } from '../../node/secret.ts'

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

/** Times in seconds. */
export interface AgentTimeouts {
  readonly connect: number
  /** For reading calls. */
  readonly command: number
  /** For changing calls: a restart that waits until it is healthy takes longer than a status. */
  readonly change: number
  /** Without a sign of life on a followed log; as long as agents promise when not given. */
  readonly quiet?: number
}
