import { randomBytes } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { StoreError, UsageError } from '../../outcome/errors.ts'
import { errnoOf, reasonOf } from '../../profile/store-errors.ts'

/**
 * A file that is put together beside its place, unreadable for others unless told otherwise, and there only once it is
 * whole. What the disk has against it is said as a StoreError with the file's name.
 */
export class NewFile {
  private constructor(
    readonly path: string,
    private readonly fresh: string,
    private readonly handle: FileHandle,
    private readonly flag: string,
  ) {}

  /**
   * @param force whether a file that is there may be replaced
   * @param mode of the file, as far as the umask lets it
   * @param flag what names the file, for errors
   * @throws UsageError when there is one, or none can be made there
   */
  static async open(file: string, force: boolean, mode = 0o600, flag = '--out'): Promise<NewFile> {
    const path = resolve(file)
    const there = await lstat(path).catch(() => undefined)
    if (there !== undefined) checkReplaceable(file, there, force, flag)
    const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.new`)
    try {
      return new NewFile(path, fresh, await open(fresh, 'wx', mode), flag)
    } catch (error) {
      throw new UsageError(`${flag}: cannot write to ${dirname(path)}: ${reasonOf(error)}`)
    }
  }

  /** Makes a small file at once, over one that is there. @throws as open; StoreError */
  static async write(file: string, bytes: Uint8Array, flag: string, mode?: number): Promise<void> {
    const made = await NewFile.open(file, true, mode, flag)
    try {
      await made.append(bytes)
      await made.finish()
      await made.commit()
    } catch (error) {
      await made.discard()
      throw error
    }
  }

  /** Adds bytes at the end. @throws StoreError */
  append(bytes: Uint8Array): Promise<void> {
    return this.guard(() => this.handle.writeFile(bytes))
  }

  /** Adds all of a file. @throws StoreError */
  async appendFile(file: string, signal: AbortSignal): Promise<void> {
    for await (const chunk of createReadStream(file, { signal })) await this.append(chunk as Buffer)
  }

  /** Puts its bytes on the disk. @returns how many @throws StoreError */
  finish(): Promise<number> {
    return this.guard(async () => {
      await this.handle.sync()
      const { size } = await this.handle.stat()
      await this.handle.close()
      return size
    })
  }

  /** Puts it into its place. @throws StoreError */
  commit(): Promise<void> {
    return this.guard(() => rename(this.fresh, this.path))
  }

  /** Leaves nothing of it. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined)
    await unlink(this.fresh).catch(() => undefined)
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      const hints = ['make room, or give another place; nothing is left of it, and a file that was there is as before']
      throw new StoreError(`${this.flag}: cannot write ${this.path}: ${reasonOf(error)}`, { hints, cause: error })
    }
  }
}

function checkReplaceable(file: string, there: Stats, force: boolean, flag: string): void {
  if (!there.isFile()) throw new UsageError(`${flag}: ${file} is there and is not a regular file`)
  if (!force)
    throw new UsageError(`${flag}: ${file} is there already`, { hints: ['give another name, or --force to replace it'] })
}
