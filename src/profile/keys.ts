import { join } from 'node:path'
import { checkName, nameProblem } from '../node/names.ts'
import { NotFoundError, StoreError, UsageError } from '../outcome/errors.ts'
import type { Folder } from './folder.ts'
import type { PublicKey } from './key-file.ts'
import type { DamagedKey, KeyStore, StoredKey } from './profile.ts'

/** SSH keys as OpenSSH files: `keys/NAME` and, for its comment and for encrypted PEM files, `keys/NAME.pub`. */
export class FileKeyStore implements KeyStore {
  constructor(private readonly folder: Folder) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async names(): Promise<readonly string[]> {
    return this.folder.names('files').filter((name) => nameProblem('key', name) === undefined)
  }

  async list(): Promise<readonly (StoredKey | DamagedKey)[]> {
    return Promise.all((await this.names()).map((name) => this.get(name).catch((error: unknown) => damaged(name, error))))
  }

  async isProtected(name: string): Promise<boolean> {
    const { readHeader } = await import('./key-file.ts')
    const bytes = await this.privateKey(name)
    return this.readable(name, () => readHeader(bytes).encrypted)
  }

  async get(name: string): Promise<StoredKey> {
    const { readHeader } = await import('./key-file.ts')
    const bytes = await this.privateKey(name)
    const { encrypted, publicBlob } = await this.readable(name, () => readHeader(bytes))
    return this.describe(name, await this.publicKey(name, bytes, publicBlob), encrypted)
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async privateKey(name: string): Promise<Buffer> {
    checkName('key', name)
    const bytes = this.folder.read(name, 'secret')
    if (bytes === undefined) throw missing(name)
    return bytes
  }

  async create(name: string, options: { readonly passphrase?: string; readonly comment: string }): Promise<StoredKey> {
    this.checkFree(name)
    const { generateKey } = await import('./key-maker.ts')
    const { file, key } = await generateKey(options)
    return this.keep(name, file, key, options.passphrase !== undefined)
  }

  async import(name: string, bytes: Uint8Array, options: { readonly passphrase?: string }): Promise<StoredKey> {
    this.checkFree(name)
    const { readKey } = await import('./key-maker.ts')
    const { file, key, encrypted } = await readKey(bytes, options.passphrase)
    return this.keep(name, file, key, encrypted)
  }

  async delete(name: string): Promise<void> {
    checkName('key', name)
    if (!this.folder.has(name)) throw missing(name)
    await this.folder.exclusive(async (writer) => {
      await writer.remove([name, `${name}.pub`])
    })
  }

  private checkFree(name: string): void {
    checkName('key', name)
    if (!this.folder.has(name)) return
    throw new UsageError(`there is a key ${name} already`, {
      hints: ['give another name', `see it: akctl keys show ${name}`, `remove it: akctl keys delete ${name}`],
    })
  }

  /** The public file first: the private one is what makes the key exist. */
  private async keep(name: string, file: Buffer, key: PublicKey, encrypted: boolean): Promise<StoredKey> {
    const stored = await this.describe(name, key, encrypted)
    await this.folder.exclusive(async (writer) => {
      this.checkFree(name)
      await writer.writeFirst(`${name}.pub`, Buffer.from(`${stored.publicLine}\n`))
      await writer.write(name, file)
    })
    return stored
  }

  private async describe(name: string, key: PublicKey, encrypted: boolean): Promise<StoredKey> {
    const { fingerprintOf, publicLine } = await import('./key-file.ts')
    const { type, blob, comment } = key
    return { name, type, fingerprint: fingerprintOf(blob), comment, encrypted, publicLine: publicLine(key) }
  }

  /** From the private file where that shows it, so that a `.pub` beside it can only add a comment. */
  private async publicKey(name: string, bytes: Buffer, shown: Buffer | undefined): Promise<PublicKey> {
    const { parsePublicLine, typeOf } = await import('./key-file.ts')
    const beside = parsePublicLine(this.folder.read(`${name}.pub`)?.toString('utf8') ?? '')
    if (shown === undefined) return beside ?? (await this.derived(name, bytes))
    return { type: typeOf(shown), blob: shown, comment: beside?.blob.equals(shown) === true ? beside.comment : '' }
  }

  private async derived(name: string, bytes: Buffer): Promise<PublicKey> {
    const { readKey } = await import('./key-maker.ts')
    const path = join(this.folder.path, name)
    const anew = `make its public file, which is missing or damaged, anew: ssh-keygen -y -f ${path} > ${path}.pub`
    return this.readable(name, async () => (await readKey(bytes)).key, [anew])
  }

  /** @param first what may help before all else */
  private async readable<T>(name: string, read: () => T | Promise<T>, first: readonly string[] = []): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      const path = join(this.folder.path, name)
      const remove = `or give its nodes another key, then: akctl keys delete ${name}`
      throw new StoreError(`the key file ${path} can't be used: ${error.message}`, {
        hints: [...first, `put it back from a backup (what is wrong with it: ssh-keygen -y -f ${path})`, remove],
        cause: error,
      })
    }
  }
}

/** @throws what is no damage of this one file */
function damaged(name: string, error: unknown): DamagedKey {
  if (error instanceof StoreError) return { name, damaged: error.message }
  throw error
}

function missing(name: string): NotFoundError {
  return new NotFoundError(`there is no key ${name}`, { hints: ['akctl keys list', `akctl keys create ${name}`] })
}
