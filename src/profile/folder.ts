import { type Dirent, type Stats, lstatSync, readdirSync } from 'node:fs'
import { type FileHandle, chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type NotFoundError, StoreError } from '../outcome/errors.ts'
import { type Secrecy, checkDirectory, openChecked, readChecked } from './checked.ts'
import { appendLines, makeDirectory, moveFile, removeFiles, removeTree, replaceFile, syncDirectory } from './disk.ts'
import { FileLock } from './lock.ts'
import { errnoOf, storeError } from './store-errors.ts'

/** Files that are not whole yet, `.NAME.RANDOM.new`, and folders on their way out, `.NAME.RANDOM.old`. */
const LEFTOVER = /^\..+\.[0-9a-f]{32}\.(new|old)$/

/** What a folder needs to know. */
export interface FolderOptions {
  /** Seconds to wait for another process. */
  readonly timeout: number
  /** The folder it lies in; none for the home. */
  readonly parent?: Folder
  /** Said when the folder is needed for writing and is not there; without it, the folder is made. */
  readonly missing?: () => NotFoundError
  /** Part of the names of unfinished files: 32 hex digits, random unless a test needs to know them. */
  readonly random?: () => Promise<string>
}

/** Changes of a folder's files; only at hand while its lock is held. All throw StoreError. */
export interface FolderWriter {
  /** Replaces a file in one step, see {@link replaceFile}; on the disk when it returns. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** The same for a file that is nothing without the one written next: its name is on the disk with that one's. */
  writeFirst(name: string, bytes: Uint8Array): Promise<void>
  /** See {@link appendLines}. */
  append(name: string, lines: Uint8Array): Promise<number>
  /** See {@link removeFiles}. */
  remove(names: readonly string[]): Promise<void>
  move(from: string, to: string): Promise<void>
  makeFolder(name: string): Promise<void>
  /** See {@link removeTree}. */
  removeFolder(name: string): Promise<void>
}

/**
 * One directory of the store, with a lock of its own. Readers take whole files without the lock; writers come one at a
 * time, of whatever process. What a crashed writer left unfinished is removed by the first write of the next process: whoever holds the lock
 * knows that nobody else is at work.
 */
export class Folder {
  private readonly lock: FileLock
  private cleaned = false
  private readonly random: () => Promise<string>

  constructor(
    readonly path: string,
    private readonly options: FolderOptions,
  ) {
    this.lock = new FileLock(join(path, '.lock'), options.timeout)
    this.random = options.random ?? randomNames()
  }

  /** A folder in this one. @param missing see {@link FolderOptions} */
  child(name: string, missing?: () => NotFoundError): Folder {
    const { timeout, random } = this.options
    return new Folder(join(this.path, name), {
      timeout,
      parent: this,
      ...(random === undefined ? {} : { random }),
      ...(missing === undefined ? {} : { missing }),
    })
  }

  /** @returns the file's bytes, or undefined when there is none @throws StoreError */
  read(name: string, secrecy: Secrecy = 'plain'): Buffer | undefined {
    if (this.check() === undefined) return undefined
    return readChecked(join(this.path, name), secrecy)
  }

  /** A file opened to be read in parts, or undefined when there is none; to be closed by the caller. @throws StoreError */
  async open(name: string): Promise<FileHandle | undefined> {
    return this.check() === undefined ? undefined : openChecked(join(this.path, name))
  }

  /** Whether there is something of that name. @throws StoreError */
  has(name: string): boolean {
    if (this.check() === undefined) return false
    const path = join(this.path, name)
    try {
      return lstatSync(path, { throwIfNoEntry: false }) !== undefined
    } catch (error) {
      throw storeError('cannot read', path, error)
    }
  }

  /** Whether there is surely nothing of that name. Looks at nothing else: what is not read need not be trusted. */
  lacks(name: string): boolean {
    try {
      return lstatSync(join(this.path, name), { throwIfNoEntry: false }) === undefined
    } catch {
      return false
    }
  }

  /** The names in it, sorted, without the store's own (which begin with a dot); empty when there is no folder. */
  names(kind: 'files' | 'folders'): readonly string[] {
    if (this.check() === undefined) return []
    const wanted = this.list().filter((entry) => entry.isDirectory() === (kind === 'folders') && !entry.name.startsWith('.'))
    return wanted.map(({ name }) => name).sort()
  }

  /**
   * Does the work while no other writer is in this folder.
   * @throws LockedError, StoreError, and NotFoundError where the folder is missing and not to be made
   */
  async exclusive<T>(work: (writer: FolderWriter) => Promise<T>): Promise<T> {
    await this.prepare()
    try {
      return await this.lock.hold(async () => {
        await this.clean()
        return await work(this.writer())
      })
    } catch (error) {
      if (!isMissing(error)) throw error
      throw this.missing() ?? storeError('cannot write to', this.path, error)
    }
  }

  /** A lock of another kind than that of writers, kept in a file of this name. @throws as {@link exclusive} */
  async lockFile(name: string): Promise<FileLock> {
    await this.prepare()
    return new FileLock(join(this.path, name), this.options.timeout)
  }

  /** What is there, once it is known that nobody else can put files into it or its parents. */
  private check(): Stats | undefined {
    const { parent, missing } = this.options
    const above = parent === undefined || parent.check() !== undefined
    const stats = above ? checkDirectory(this.path, parent === undefined) : undefined
    if (stats === undefined && missing !== undefined) throw missing()
    return stats
  }

  private missing(): NotFoundError | undefined {
    return this.options.missing?.() ?? this.options.parent?.missing()
  }

  private async prepare(): Promise<void> {
    await this.options.parent?.prepare()
    const stats = this.check()
    if (stats === undefined) {
      await this.make()
    } else if (this.options.parent !== undefined && (stats.mode & 0o077) !== 0) {
      // Readable by others, which no secret depends on (files are 0600): closed without a word.
      await chmod(this.path, 0o700).catch(() => undefined)
    }
  }

  /** Another process may make it at the same time. Only the home's parents are made: no deleted profile comes back. */
  private async make(): Promise<void> {
    try {
      await makeDirectory(this.path, this.options.parent === undefined)
    } catch (error) {
      if (this.check() === undefined) throw error
    }
  }

  private list(): readonly Dirent[] {
    try {
      return readdirSync(this.path, { withFileTypes: true })
    } catch (error) {
      throw storeError('cannot read', this.path, error)
    }
  }

  /** Once a process: what comes later is of one that dies from now on, and waits for the process after that. */
  private async clean(): Promise<void> {
    if (this.cleaned) return
    this.cleaned = true
    for (const name of this.list().map((entry) => entry.name)) {
      if (LEFTOVER.test(name)) await rm(join(this.path, name), { recursive: true, force: true }).catch(() => undefined)
    }
  }

  private writer(): FolderWriter {
    const at = (name: string): string => join(this.path, name)
    const writeFirst = async (name: string, bytes: Uint8Array): Promise<void> =>
      replaceFile(at(name), at(`.${name}.${await this.random()}.new`), bytes)
    return {
      writeFirst,
      write: async (name, bytes) => {
        await writeFirst(name, bytes)
        await syncDirectory(this.path)
      },
      append: (name, lines) => appendLines(at(name), lines),
      move: (from, to) => moveFile(at(from), at(to)),
      makeFolder: (name) => makeDirectory(at(name), false),
      remove: (names) => removeFiles(this.path, names),
      removeFolder: async (name) => removeTree(at(name), at(`.${name}.${await this.random()}.old`)),
    }
  }
}

/** Whether a name was gone: the folder was deleted under us. */
function isMissing(error: unknown): boolean {
  return errnoOf(error instanceof StoreError ? error.cause : error) === 'ENOENT'
}

/** Makes names; what makes them is loaded at the first need. */
function randomNames(): () => Promise<string> {
  let library: Promise<typeof import('node:crypto')> | undefined
  return async () => {
    library ??= import('node:crypto')
    return (await library).randomBytes(16).toString('hex')
  }
}
