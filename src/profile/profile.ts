import type { Condition } from '../node/condition.ts'
import type { KnownRevision, NodeRecord } from '../node/record.ts'
import type { Secret } from '../node/secret.ts'
import type { Settings } from '../node/settings.ts'
import type { TrustRecord } from '../node/trust.ts'
import type { Outcome } from '../outcome/outcome.ts'
import type { SecretProtection, Unlocking } from './secret-access.ts'

/** What `profile.json` holds. */
export interface ProfileData {
  readonly schema: 1
  readonly nextId: number
  readonly nodes: readonly NodeRecord[]
  readonly defaults: Settings
  /** Named sets of nodes, for `@name`; absent in stores from before there were any. */
  readonly groups?: readonly NodeGroup[]
}

/** A named set of nodes. */
export interface NodeGroup {
  readonly name: string
  /** A node set, as typed: `mx[01-40]!mx07`; empty for none. It may name groups. */
  readonly nodes: string
}

/** A stored SSH key, without its private part. */
export interface StoredKey {
  readonly name: string
  readonly type: string
  /** `SHA256:…` */
  readonly fingerprint: string
  readonly comment: string
  /** True when the file is protected by a passphrase. */
  readonly encrypted: boolean
  /** The one line for authorized_keys. */
  readonly publicLine: string
}

/** A key whose file can't be used. */
export interface DamagedKey {
  readonly name: string
  /** Why not, with the file's path. */
  readonly damaged: string
}

/** SSH keys as OpenSSH files of mode 0600, readable by ssh-keygen. */
export interface KeyStore {
  /** The names of all keys; none of their files is read. */
  names(): Promise<readonly string[]>
  /** All keys; one with a damaged file hides no other. */
  list(): Promise<readonly (StoredKey | DamagedKey)[]>
  /** @throws NotFoundError */
  get(name: string): Promise<StoredKey>
  /** Whether a key's file wants a passphrase. @throws NotFoundError, StoreError for a file that can't be used */
  isProtected(name: string): Promise<boolean>
  /** The file's bytes. @throws NotFoundError */
  privateKey(name: string): Promise<Uint8Array>
  /** Makes an ed25519 key. @throws UsageError when the name is taken or not allowed */
  create(name: string, options: { readonly passphrase?: string; readonly comment: string }): Promise<StoredKey>
  /** Takes in an OpenSSH or PEM private key. @throws UsageError when it is none, or its passphrase is missing or wrong */
  import(name: string, bytes: Uint8Array, options: { readonly passphrase?: string }): Promise<StoredKey>
  /** @throws NotFoundError */
  delete(name: string): Promise<void>
}

/** The accepted identities. */
export interface TrustStore {
  list(): Promise<readonly TrustRecord[]>
  /** Adds records; one that is there already is left alone. At most two identities a kind and endpoint. @returns how many were added */
  add(records: readonly TrustRecord[]): Promise<number>
  /** Removes what matches; without a fingerprint, all of the endpoint. @returns what was removed */
  remove(endpoint: string, fingerprint?: string): Promise<readonly TrustRecord[]>
}

/** One line of the journal: a changing verb on one node (or on the profile), and what became of it. */
export interface JournalEntry {
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  readonly verb: string
  /** Absent for a change of the profile itself. */
  readonly node?: string
  readonly outcome: Outcome
  /** The last order that was sent for it. */
  readonly orderId?: string
  /** All of them, oldest first, where there were several. */
  readonly orderIds?: readonly string[]
  readonly revision?: number
  readonly message?: string
}

/** A line of the journal that holds no entry. */
export interface DamagedLine {
  readonly path: string
  /** As `tail -n` counts: 1 for the last line of its file. */
  readonly fromEnd: number
}

/** Append-only record of changing verbs. Half a line at the end, of a crash or a writer at work, is passed over on reading. */
export interface Journal {
  append(entries: readonly JournalEntry[]): Promise<void>
  /**
   * The newest `limit` entries that match, oldest first.
   * @param onDamaged told of every line among them that can't be read
   */
  list(
    query: { readonly node?: string; readonly limit: number },
    onDamaged?: (line: DamagedLine) => void,
  ): Promise<readonly JournalEntry[]>
}

/** An order that was sent and whose end has not been seen yet. */
export interface PendingOrder {
  readonly id: string
  readonly verb: string
  readonly at: string
  /** What the node is at by an order of the same run before this one, where that may not be in the profile yet. */
  readonly base?: KnownRevision
}

/** Orders under way, one a node, written durably before an order is sent and removed when its end was seen. */
export interface PendingOrders {
  get(nodeId: number): Promise<PendingOrder | undefined>
  /** By the ids of their nodes. */
  all(): Promise<ReadonlyMap<number, PendingOrder>>
  put(nodeId: number, order: PendingOrder): Promise<void>
  /** Strikes out orders, by the ids of their nodes; a note of another order stays. */
  clear(ended: ReadonlyMap<number, string>): Promise<void>
}

/** What a watch keeps of one node between its looks, and between its runs. */
export interface WatchedNode {
  /** Its id. */
  readonly node: number
  /** What the last look found. */
  readonly condition: Condition
  /** Whether it was ever seen running. */
  readonly ran: boolean
  /** Restarts tried since it last was well for a while, or an order has stopped it. */
  readonly tries: number
  /** No try before this time, in milliseconds since 1970. */
  readonly next: number
  /** Whether it was said that no more is tried. */
  readonly gaveUp: boolean
}

/** What the watch of a profile keeps, and who watches. */
export interface WatchStore {
  read(): Promise<readonly WatchedNode[]>
  /** Replaces what is kept. */
  write(nodes: readonly WatchedNode[]): Promise<void>
  /**
   * Does the work as the only one who watches this profile; that ends with the process, however it ends.
   * @returns without having done it, and with a name for the other (`pid 123`), when somebody watches already
   */
  alone<T>(work: () => Promise<T>): Promise<{ readonly result: T } | { readonly other: string }>
}

/** API keys and the like, encrypted at rest. Names such as `node/3/api-key`. */
export interface SecretStore {
  /**
   * @returns undefined when there is none of that name; then nothing is asked for
   * @throws UsageError when nobody says how to unlock, UnauthorizedError for a wrong passphrase or key file, StoreError for damage
   */
  get(name: string): Promise<Secret | undefined>
  /** As `get`, for many: of the store as it is now, read once. @throws StoreError */
  reader(): (name: string) => Promise<Secret | undefined>
  /** Keeps or replaces a secret; the first of a profile decides how they are protected. @throws the same as `get` */
  set(name: string, secret: Secret): Promise<void>
  /** Needs no unlocking; nothing happens when there is none. @throws StoreError */
  delete(name: string): Promise<void>
  /** As the first use of a secret would do, without using one. @throws the same as `get` */
  unlock(): Promise<void>
  /**
   * Puts all secrets under another protection, in one write; no backup under the old one stays.
   * @param choose asked once the old protection is open
   * @throws the same as `get`; UsageError where there are no secrets, LockedError when another process was first
   */
  protect(choose: () => Promise<Unlocking>): Promise<void>
}

/** A change of stored data, which works while nobody else changes them; given back as they were, nothing is written. */
export type Update<D, T> = (data: D) => Updated<D, T> | Promise<Updated<D, T>>

interface Updated<D, T> {
  readonly data: D
  readonly result: T
}

/** One profile's store. Writers of several processes never lose each other's update. */
export interface Profile {
  readonly name: string
  readonly directory: string
  /** @throws StoreError with the remedy when the file is damaged: a broken store never starts empty */
  read(): Promise<ProfileData>
  /**
   * Reads, changes and writes under the profile's lock; a `change` that throws writes nothing. What has to stay true until
   * the write, such as that a key is there, is looked at in it.
   * @throws LockedError when another process holds the lock for longer than `AKCTL_STORE_TIMEOUT` (10 s)
   */
  update<T>(change: Update<ProfileData, T>): Promise<T>
  readonly keys: KeyStore
  readonly trust: TrustStore
  readonly journal: Journal
  readonly orders: PendingOrders
  readonly secrets: SecretStore
  readonly watch: WatchStore
}

export interface ProfileInfo {
  readonly name: string
  readonly current: boolean
  readonly nodes: number
  readonly directory: string
  /** How its secrets are protected on disk. */
  readonly secrets: SecretProtection
}

/** The profiles of one `AKCTL_HOME` (or XDG data folder). The profile `default` exists from the start. */
export interface ProfileHome {
  readonly directory: string
  /** The profile in use: the argument (from --profile or AKCTL_PROFILE), else what `profiles use` chose, else `default`. @throws NotFoundError */
  open(name?: string): Promise<Profile>
  list(): Promise<readonly ProfileInfo[]>
  /** @throws UsageError when the name is taken or not allowed */
  create(name: string): Promise<ProfileInfo>
  use(name: string): Promise<void>
  /** @throws UsageError for the profile in use */
  delete(name: string): Promise<void>
}
