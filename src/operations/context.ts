import type { NodeConnection } from '../connection/port.ts'
import type { Runner } from '../node/lease.ts'
import type { NodeRecord } from '../node/record.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'
import type { Profile, ProfileHome } from '../profile/profile.ts'

/** What one question to the user asks. Only a terminal user is ever asked. */
export interface Prompter {
  /** False without a terminal, in CI, or with --no-input: then nothing is ever asked. */
  readonly canAsk: boolean
  text(
    question: string,
    options?: { readonly initial?: string; readonly check?: (answer: string) => string | true },
  ): Promise<string>
  secret(question: string): Promise<string>
  choice<T extends string>(question: string, choices: readonly T[]): Promise<T>
  confirm(question: string): Promise<boolean>
}

/** Times and widths of one run, from flags and environment. Seconds. */
export interface RunSettings {
  readonly connectTimeout: number
  readonly authTimeout: number
  readonly commandTimeout: number
  /** For changing orders, which wait for an MTA to become healthy. */
  readonly changeTimeout: number
  readonly keepAlive: number
  /** How long a changing order waits for another one on the same node, or for another's lease. */
  readonly lockWait: number
  /** How long an order under way may go on after the first Ctrl-C before its connection is cut. */
  readonly grace: number
  /** File that holds the passphrase of stored keys and secrets. */
  readonly passphraseFile?: string
  /** File with the random key that protects secrets instead of a passphrase. */
  readonly secretsKeyFile?: string
  /** Whether secrets may lie on disk as they are. */
  readonly plaintext?: boolean
  /** Whether the key of secrets shall lie in the keyring of the operating system. */
  readonly keyring?: boolean
}

/** Connects to nodes. */
export interface Opener {
  /**
   * A connection to a node; nothing is opened before its first call.
   * @param ask whether an unknown identity may be asked about (one node selected, and a terminal)
   */
  open(node: NodeRecord, options: { readonly ask: boolean; readonly signal?: AbortSignal }): Promise<NodeConnection>
}

/** How connections are made; built where the flags are known, so that operations know none of them. */
export interface Connector extends Opener {
  /** For a command that comes back to its nodes: what it opens stays connected for the next time. */
  keeping(): KeepingOpener
}

/** Keeps connections beyond their use. */
export interface KeepingOpener extends Opener {
  /** Ends those that are kept; never throws. */
  end(): Promise<void>
}

/** Looks on while a run goes over its nodes, and shows it to whoever waits; results never depend on it. */
export interface RunProgress {
  started(node: string): void
  settled(outcome: NodeOutcome<unknown>): void
  /** What is done now is another part of the run: `wave 2 of 3: 10 nodes`. */
  part(words: string): void
  /** The run is over. */
  end(): void
}

/** Everything an operation may reach. Built in one place (cli/context.ts), lazily, and passed explicitly. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
  /** `user@host` of whoever runs akctl, for records and the journal. */
  readonly operator: string
  /** This run, as the leases it takes on nodes tell others. */
  readonly runner: Runner
  readonly run: RunSettings
  readonly prompter: Prompter
  readonly home: () => ProfileHome
  readonly profile: () => Promise<Profile>
  readonly connector: Connector
  /**
   * What was handed in on stdin.
   * @param flag what asks for it, for errors
   * @param limit bytes
   * @throws UsageError when stdin is a terminal or holds more
   */
  stdin(flag: string, limit?: number): Promise<string>
  /** Begins to show a run over so many nodes. */
  progress(total: number): RunProgress
  /** Says something on stderr that is no result (a hint, a note). */
  note(text: string): void
  /** A warning: stderr, and `warnings` of the JSON document. */
  warn(text: string): void
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
}
