import type { Settings } from './settings.ts'

export const ACCESSES = ['ssh', 'https', 'local'] as const
export type Access = (typeof ACCESSES)[number]

export const MTA_NAMES = ['postfix', 'haraka'] as const
export type MtaName = (typeof MTA_NAMES)[number]

/** An SSH endpoint passed on the way to a node. */
export interface JumpHost {
  readonly user: string
  readonly host: string
  readonly port: number
  /** Name of a stored key, or `agent`. */
  readonly key: string
}

/** What the profile keeps of one node. */
export interface NodeRecord {
  readonly id: number
  readonly name: string
  readonly host: string
  readonly port?: number
  readonly directory: string
  readonly access: Access
  readonly mta: MtaName
  readonly user?: string
  /** Name of a stored key, or `agent` for the ssh-agent. */
  readonly key?: string
  readonly sudo: boolean
  readonly jump?: JumpHost
  /** The systemd unit that runs the MTA; absent when akctl starts the process itself. */
  readonly service?: string
  /** The addresses this node sends from. */
  readonly addresses: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly settings: Settings
  /** The revision this profile last wrote or pulled: what compare-and-set compares with. */
  readonly baseRevision?: number
  readonly createdAt: string
}

/** The port a node's access uses when the record names none. */
export function endpointPort({ port, access }: Pick<NodeRecord, 'port' | 'access'>): number {
  return port ?? (access === 'https' ? 4433 : 22)
}

/** `host:port`, with brackets round an IPv6 address: how identities are kept. */
export function endpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
