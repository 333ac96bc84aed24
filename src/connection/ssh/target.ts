/** `privateKey`: an OpenSSH or PEM file's bytes. `passphrase` is asked only when the file wants one. */
export interface KeyCredential {
  readonly kind: 'key'
  readonly name: string
  readonly privateKey: Uint8Array
  readonly passphrase?: () => Promise<string>
}

/** How akctl logs in. */
export type Credential = KeyCredential | { readonly kind: 'agent'; readonly socket: string }

/** One SSH endpoint and how to log in there. */
export interface SshEndpoint {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Read only once the endpoint's identity is accepted. @throws NotFoundError, UsageError */
  readonly credential: () => Promise<Credential>
}

/** A node behind SSH, by way of a jump host where it has one. */
export interface SshTarget extends SshEndpoint {
  /** The node's name, for messages. */
  readonly name: string
  readonly sudo: boolean
  readonly jump?: SshEndpoint
}

/** Times in seconds. */
export interface SshTimeouts {
  readonly connect: number
  readonly auth: number
  /** Interval of keep-alive questions; three without an answer end the link. */
  readonly keepAlive: number
}
