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
  /** The id of that revision's record; absent where only the number is known. */
  readonly baseRevisionId?: string
  readonly createdAt: string
}

/** A revision as a profile knows it: its number and, unless an older akctl or agent told it, the id of its record. */
export interface KnownRevision {
  readonly revision: number
  readonly id?: string
}

/** At which revision the profile knows a node to be. */
export function baseOf({ baseRevision, baseRevisionId }: NodeRecord): KnownRevision | undefined {
  if (baseRevision === undefined) return undefined
  return { revision: baseRevision, ...(baseRevisionId === undefined ? {} : { id: baseRevisionId }) }
}

/** The record with another base, or with none. */
export function withBase(node: NodeRecord, base: KnownRevision | undefined): NodeRecord {
  const next: { -readonly [K in keyof NodeRecord]: NodeRecord[K] } = { ...node }
  delete next.baseRevision
  delete next.baseRevisionId
  if (base !== undefined) next.baseRevision = base.revision
  if (base?.id !== undefined) next.baseRevisionId = base.id
  return next
}

/**
 * Whether a revision on the node is the one that is known. Of two without a common id only the numbers are compared: a
 * base that an older akctl has written counts as it did.
 */
export function isSameRevision(known: KnownRevision, there: KnownRevision): boolean {
  if (known.revision !== there.revision) return false
  return known.id === undefined || there.id === undefined || known.id === there.id
}

/** The port a node's access uses when the record names none. */
export function endpointPort({ port, access }: Pick<NodeRecord, 'port' | 'access'>): number {
  return port ?? (access === 'https' ? 4433 : 22)
}

/** `host:port`, with brackets round an IPv6 address: how identities are kept. */
export function endpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
