import { join } from 'node:path'
import { Secret } from '../node/secret.ts'
import { LockedError, StoreError, UnauthorizedError, UsageError } from '../outcome/errors.ts'
import type { Folder } from './folder.ts'
import { JsonFile } from './json-file.ts'
import type { SecretStore } from './profile.ts'
import { secretsSchema } from './schema.ts'
import type { Protection, Sealed } from './sealing.ts'
import type { SecretAccess, SecretProtection, Unlocking } from './secret-access.ts'

const FILE = 'secrets.json'

/** What is said of a protection that does not open, and what would. */
const REFUSALS = {
  passphrase: ['the passphrase does not unlock', 'give the passphrase that they were stored with'],
  'key-file': ['the key file does not unlock', 'give the key file that they were stored with'],
  keyring: ['the keyring has no key that unlocks', 'run akctl as the user, and on the machine, that stored them'],
} as const

/** One secret: encrypted, or as it is in a store that is `plain`. */
interface Entry {
  readonly name: string
  readonly sealed?: Sealed
  readonly plain?: string
}

interface SecretsData {
  readonly schema: 1
  /** Absent while there are no entries: the first one decides. */
  readonly protection?: Protection
  readonly entries: readonly Entry[]
}

/** An unlocked store. */
interface Vault {
  readonly protection: Protection
  seal(name: string, secret: Secret): Entry
  /** @returns undefined for an entry that was changed, or belongs to another name or profile */
  open(entry: Entry): Secret | undefined
}

/**
 * Secrets in `secrets.json`, each encrypted by itself (AES-256-GCM) for this profile and its own name. What unlocks them
 * is asked for at the first need, and scrypt is paid once: a run over a thousand nodes asks and computes no more.
 */
export class FileSecretStore implements SecretStore {
  private readonly file: JsonFile<SecretsData>
  private readonly path: string
  /** Of the head it belongs to; a refusal is kept as well, as nobody wants to be asked a thousand times. */
  private unlocked: { readonly head: string; readonly vault: Promise<Vault> } | undefined
  /** What was said to protect the first secret; where another process stored one first, it is tried on that. */
  private chosen: Promise<Unlocking> | undefined

  constructor(
    folder: Folder,
    private readonly profile: string,
    private readonly access: SecretAccess,
  ) {
    this.path = join(folder.path, FILE)
    this.file = new JsonFile<SecretsData>(folder, FILE, secretsSchema, { schema: 1, entries: [] }, 'secret')
  }

  /** How they are protected; needs no unlocking. @throws StoreError */
  protection(): SecretProtection {
    return this.file.read().protection?.kind ?? 'none'
  }

  async get(name: string): Promise<Secret | undefined> {
    return this.reader()(name)
  }

  reader(): (name: string) => Promise<Secret | undefined> {
    const { protection, entries } = this.file.read()
    const byName = new Map(entries.map((entry) => [entry.name, entry]))
    return async (name) => {
      const entry = byName.get(name)
      if (entry === undefined || protection === undefined) return undefined
      return this.opened(await this.vault(protection), entry)
    }
  }

  private opened(vault: Vault, entry: Entry): Secret {
    const secret = vault.open(entry)
    if (secret === undefined) throw this.damaged(entry.name)
    return secret
  }

  async set(name: string, secret: Secret): Promise<void> {
    while (!(await this.trySet(name, secret)));
  }

  async delete(name: string): Promise<void> {
    const before = this.file.read()
    if (!before.entries.some((entry) => entry.name === name)) return
    await this.file.forget(({ protection, entries: all }) => {
      const entries = all.filter((entry) => entry.name !== name)
      // Without entries the next one decides anew.
      const kept = protection === undefined || entries.length === 0 ? {} : { protection }
      return { schema: 1, ...kept, entries }
    })
    await this.dropUnused(before.protection)
  }

  async unlock(): Promise<void> {
    const { protection } = this.file.read()
    if (protection !== undefined) await this.vault(protection)
  }

  async protect(choose: () => Promise<Unlocking>): Promise<void> {
    const seen = this.file.read().protection
    if (seen === undefined) {
      throw new UsageError(`the profile ${this.profile} has no secrets yet: its first one decides what protects them`)
    }
    const old = await this.vault(seen)
    this.chosen = choose() // not before: a new key is made only where the old one opens
    const fresh = await this.begin()
    await this.file.forget(({ protection, entries }) => {
      if (headOf(protection) !== headOf(seen)) throw this.overtaken()
      const sealed = entries.map((entry) => fresh.seal(entry.name, this.opened(old, entry)))
      return { schema: 1, protection: fresh.protection, entries: sealed }
    })
    await this.dropUnused(seen)
  }

  /** Takes the key of a head that is no longer there out of the keyring. */
  private async dropUnused(head: Protection | undefined): Promise<void> {
    if (head?.entry === undefined || this.file.read().protection?.entry === head.entry) return
    await this.access.dropFromKeyring(head.entry)
  }

  /** @returns false when another process has made or replaced the store meanwhile: then it needs to be unlocked first */
  private async trySet(name: string, secret: Secret): Promise<boolean> {
    const seen = this.file.read().protection
    const vault = seen === undefined ? await this.begin() : await this.vault(seen)
    return this.file.update((data) => {
      if (headOf(data.protection) !== headOf(seen)) return { data, result: false }
      const { protection } = vault
      const entries = [...data.entries.filter((entry) => entry.name !== name), vault.seal(name, secret)]
      return { data: { schema: 1, protection, entries }, result: true }
    })
  }

  /** A vault for the first secret, or for all under another protection. */
  private async begin(): Promise<Vault> {
    const { newProtection } = await import('./sealing.ts')
    this.chosen ??= this.access.choose(this.profile)
    const { protection, key } = await newProtection(await this.chosen)
    const vault = await this.vaultOf(protection, key)
    this.unlocked = { head: headOf(protection), vault: Promise.resolve(vault) }
    return vault
  }

  private vault(protection: Protection): Promise<Vault> {
    const head = headOf(protection)
    if (this.unlocked?.head !== head) {
      const vault = this.vaultUnder(protection)
      vault.catch(() => undefined) // whoever asked hears of it
      this.unlocked = { head, vault }
    }
    return this.unlocked.vault
  }

  private async vaultUnder(protection: Protection): Promise<Vault> {
    if (protection.kind === 'plain') return this.vaultOf(protection)
    const { unlock } = await import('./sealing.ts')
    const by = await this.unlocking(protection.kind, protection.entry)
    const key = by === undefined ? undefined : await unlock(protection, by)
    if (key === undefined) throw this.refused(protection.kind)
    return this.vaultOf(protection, key)
  }

  private async unlocking(kind: keyof typeof REFUSALS, entry = ''): Promise<Unlocking | undefined> {
    if (kind === 'keyring') {
      const key = await this.access.keyring(this.profile, entry)
      return key && { kind, entry, key }
    }
    const chosen = await this.chosen
    if (chosen?.kind === kind) return chosen
    if (kind === 'passphrase') return { kind, passphrase: await this.access.passphrase(this.profile) }
    return { kind, key: await this.access.keyFile(this.profile) }
  }

  private async vaultOf(protection: Protection, key?: Buffer): Promise<Vault> {
    const { seal, open } = await import('./sealing.ts')
    const about = (name: string): string => JSON.stringify(['akctl secret', 1, this.profile, name])
    const secretOf = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text))
    return {
      protection,
      seal: (name, secret) =>
        key === undefined ? { name, plain: secret.reveal() } : { name, sealed: seal(key, secret.reveal(), about(name)) },
      open: ({ name, sealed, plain }) =>
        secretOf(key === undefined || sealed === undefined ? plain : open(key, sealed, about(name))),
    }
  }

  private overtaken(): LockedError {
    return new LockedError(`somebody else changed the protection of the secrets of the profile ${this.profile} meanwhile`, {
      hints: ['see akctl profiles list, and run it again where it is still wanted'],
    })
  }

  private refused(kind: keyof typeof REFUSALS): UnauthorizedError {
    const [what, instead] = REFUSALS[kind]
    return new UnauthorizedError(`${what} the secrets of the profile ${this.profile}`, {
      hints: [
        instead,
        `if it is lost, so are the secrets: remove ${this.path} and ${this.path}.bak, and make them anew (akctl nodes archive NODE --renew)`,
        `if it is surely the right one, the head of ${this.path} is damaged: ${this.path}.bak is its state before the last change`,
      ],
    })
  }

  private damaged(name: string): StoreError {
    return new StoreError(`the secret ${name} in ${this.path} does not open: it was changed, or moved from another place`, {
      hints: [
        'a secret opens only in the profile and under the name it was stored with: if the folder of the profile was renamed, name it back',
        `${this.path}.bak is the state before the last change`,
        `or put ${this.path} back from a backup`,
      ],
    })
  }
}

function headOf(protection: Protection | undefined): string {
  return JSON.stringify(protection ?? null)
}
