import type { Folder } from './folder.ts'
import { FileJournal } from './journal.ts'
import { JsonFile } from './json-file.ts'
import { FileKeyStore } from './keys.ts'
import { FilePendingOrders } from './orders.ts'
import type { Profile, ProfileData, Update } from './profile.ts'
import { profileSchema } from './schema.ts'
import type { SecretAccess } from './secret-access.ts'
import { FileSecretStore } from './secrets.ts'
import { FileTrustStore } from './trust.ts'
import { FileWatchStore } from './watch.ts'

const EMPTY: ProfileData = { schema: 1, nextId: 1, nodes: [], defaults: {} }

/**
 * A profile in a directory: `profile.json`, `trust.json`, `secrets.json`, `journal.ndjson`, `watch.json`, `keys/`,
 * `orders/`.
 */
export class LocalProfile implements Profile {
  readonly directory: string
  readonly keys: FileKeyStore
  readonly trust: FileTrustStore
  readonly journal: FileJournal
  readonly orders: FilePendingOrders
  readonly secrets: FileSecretStore
  readonly watch: FileWatchStore
  private readonly file: JsonFile<ProfileData>

  constructor(
    readonly name: string,
    folder: Folder,
    access: SecretAccess,
  ) {
    this.directory = folder.path
    this.file = new JsonFile<ProfileData>(folder, 'profile.json', profileSchema, EMPTY)
    this.keys = new FileKeyStore(folder.child('keys'))
    this.trust = new FileTrustStore(folder)
    this.journal = new FileJournal(folder)
    this.orders = new FilePendingOrders(folder.child('orders'))
    this.secrets = new FileSecretStore(folder, name, access)
    this.watch = new FileWatchStore(folder)
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async read(): Promise<ProfileData> {
    return this.file.read()
  }

  update<T>(change: Update<ProfileData, T>): Promise<T> {
    return this.file.update(change)
  }
}
