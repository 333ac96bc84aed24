import { join } from 'node:path'
import type { GenericSchema } from 'valibot'
import { StoreError } from '../outcome/errors.ts'
import type { Secrecy } from './checked.ts'
import { decode, encode } from './decode.ts'
import type { Folder, FolderWriter } from './folder.ts'
import type { Update } from './profile.ts'

/**
 * A JSON file of the store that holds one checked value. The generation before the last change stays beside it as
 * `NAME.bak`. What can't be read is never taken for empty, and what could not be read again is never written.
 */
export class JsonFile<T> {
  /** The last content and its value: comparing bytes is cheaper than checking them again. */
  private last: { readonly bytes: Buffer; readonly value: T } | undefined

  constructor(
    private readonly folder: Folder,
    private readonly name: string,
    private readonly schema: GenericSchema<unknown, T>,
    /** What holds while there is no file. */
    private readonly initial: T,
    private readonly secrecy: Secrecy = 'plain',
    /** Where doing without the file loses little: what. */
    private readonly loses?: string,
  ) {}

  /** @throws StoreError with the remedy when the file is damaged or of a newer akctl */
  read(): T {
    return this.valueOf(this.content())
  }

  /**
   * Reads, changes and writes while nobody else does. A change that throws, or that changes nothing, writes nothing.
   * @throws what `change` throws; StoreError, LockedError
   */
  update<R>(change: Update<T, R>): Promise<R> {
    return this.folder.exclusive(async (writer) => {
      const before = this.content()
      const value = this.valueOf(before)
      const { data, result } = await change(value)
      if (data !== value) await this.write(writer, before, data)
      return result
    })
  }

  /** Like {@link update}, for a change that takes something away that must not stay in the backup either. */
  forget(change: (value: T) => T): Promise<void> {
    return this.folder.exclusive(async (writer) => {
      const before = this.content()
      const encoded = encode(this.schema, change(this.valueOf(before)), this.name)
      const backup = `${this.name}.bak`
      if (before?.equals(encoded.bytes) === true) return writer.write(backup, encoded.bytes)
      // The backup first: a killed process leaves nothing in it that the file has no longer.
      await writer.writeFirst(backup, encoded.bytes)
      await writer.write(this.name, encoded.bytes)
      this.last = encoded
    })
  }

  private content(): Buffer | undefined {
    return this.folder.read(this.name, this.secrecy)
  }

  private async write(writer: FolderWriter, before: Buffer | undefined, data: T): Promise<void> {
    const encoded = encode(this.schema, data, this.name)
    if (before?.equals(encoded.bytes) === true) return
    if (before !== undefined) await writer.writeFirst(`${this.name}.bak`, before)
    await writer.write(this.name, encoded.bytes)
    this.last = encoded
  }

  private valueOf(bytes: Buffer | undefined): T {
    if (bytes === undefined) return this.beginning()
    if (this.last?.bytes.equals(bytes) === true) return this.last.value
    const value = decode(this.schema, bytes, join(this.folder.path, this.name), () => this.remedy())
    this.last = { bytes, value }
    return value
  }

  /** @throws StoreError where only the backup is left: a store that has lost its file is not an empty one */
  private beginning(): T {
    if (!this.folder.has(`${this.name}.bak`)) return this.initial
    // A reader holds no lock: the file and its backup may both have come since it looked for the file.
    const bytes = this.content()
    if (bytes !== undefined) return this.valueOf(bytes)
    const path = join(this.folder.path, this.name)
    throw new StoreError(`${path} is gone, and the backup of its state before the last change is there`, {
      hints: [`to go back to that: cp -p ${path}.bak ${path}`, `to start with nothing: rm ${path}.bak`],
    })
  }

  private remedy(): readonly string[] {
    const path = join(this.folder.path, this.name)
    const backup = this.folder.has(`${this.name}.bak`)
      ? `then take the state before the last change, which is kept: cp -p ${path}.bak ${path}`
      : `then put back ${path} from a backup`
    const without = this.loses === undefined ? [] : [`or do without it: rm -f ${path} ${path}.bak (lost is ${this.loses})`]
    return [`keep a copy to look at: cp -p ${path} ${path}.damaged`, backup, ...without]
  }
}
