import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { StoreError } from '../outcome/errors.ts'
import { checkFile } from './checked.ts'
import { errnoOf, storeError } from './store-errors.ts'

// Only what waits for the disk is asynchronous. The rest takes microseconds, and a lock that is held for as short as
// possible serves everybody: each hop to the thread pool and back costs more on a busy machine.

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_DIRECTORY, O_NOFOLLOW } = constants
const NEWLINE = 10
const sync = promisify(fsync)

/**
 * Replaces a file, whole or not at all, in one step: a new file beside it, its bytes on the disk, renamed over the old
 * one. That this step survives a power cut, too, is up to {@link syncDirectory}.
 * @param fresh the new file's path until it is whole; a name that nobody can foresee
 * @throws StoreError; the old file stays and nothing is left of the new one
 */
export async function replaceFile(path: string, fresh: string, bytes: Uint8Array): Promise<void> {
  await guard('cannot write', path, async () => {
    await withFile(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, async (fd) => {
      try {
        writeAll(fd, bytes)
        await sync(fd)
        renameSync(fresh, path)
      } catch (error) {
        tryTo(() => unlinkSync(fresh))
        throw error
      }
    })
  })
}

/**
 * Adds whole lines to a file, on the disk when it returns; only for a writer who is alone. Half a line that a crash left
 * is ended first, so that it spoils no other.
 * @returns the file's size
 * @throws StoreError; then nothing was added
 */
export async function appendLines(path: string, lines: Uint8Array): Promise<number> {
  return guard('cannot write', path, () =>
    withFile(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, async (fd) => {
      const stats = fstatSync(fd)
      checkFile(path, stats, 'plain')
      const { size } = stats
      const bytes = endsInside(fd, size) ? Buffer.concat([Buffer.of(NEWLINE), lines]) : lines
      try {
        writeAll(fd, bytes)
        await sync(fd)
      } catch (error) {
        // A disk that fills up takes a part first.
        tryTo(() => ftruncateSync(fd, size))
        throw error
      }
      if (size === 0) await syncDirectory(dirname(path))
      return size + bytes.length
    }),
  )
}

/** Removes what is there of a directory's files, with one wait for the disk. @throws StoreError; some may be gone then */
export async function removeFiles(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(directory, name)
    try {
      unlinkSync(path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw storeError('cannot remove', path, error)
    }
  }
  await syncDirectory(directory)
}

/** Renames within a directory, replacing a file that is there. @throws StoreError */
export async function moveFile(from: string, to: string): Promise<void> {
  await guard('cannot rename', from, () => renameSync(from, to))
  await syncDirectory(dirname(from))
}

/**
 * Takes a directory out of sight in one step, then removes what is in it.
 * @param gone its path while it is emptied
 * @throws StoreError
 */
export async function removeTree(path: string, gone: string): Promise<void> {
  await moveFile(path, gone)
  await guard('cannot remove', gone, () => rm(gone, { recursive: true, force: true }))
}

/** Makes a directory of mode 0700, and where asked what is missing above it. @throws StoreError */
export async function makeDirectory(path: string, above: boolean): Promise<void> {
  const first = await guard('cannot make the directory', path, () => {
    if (above) return makeFolders(path, 0o700)
    mkdirSync(path, { mode: 0o700 })
    return path
  })
  await syncDirectory(dirname(first ?? path))
}

/**
 * Makes a directory and what is missing above it. Node's own way never comes back where the system says of a level
 * whose parent is there that it is not (below /proc).
 * @returns the topmost that was made; undefined when all was there
 */
export function makeFolders(path: string, mode: number): string | undefined {
  const missing: string[] = []
  for (let level = path; !existsSync(level); level = dirname(level)) missing.unshift(level)
  for (const level of missing) {
    try {
      mkdirSync(level, { mode })
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error // another process was faster
    }
  }
  return missing[0]
}

/** Puts a rename, a new name or a removal on the disk. @throws StoreError; what was changed is in place even so */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await withFile(path, O_RDONLY | O_DIRECTORY, sync)
  } catch (error) {
    // Some network file systems can't do this for a directory, and need no such call.
    if (errnoOf(error) !== 'EINVAL') throw storeError('the change is written, but the disk has not confirmed it, in', path, error)
  }
}

async function withFile<T>(path: string, flags: number, work: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(path, flags, 0o600)
  try {
    return await work(fd)
  } finally {
    tryTo(() => closeSync(fd))
  }
}

/** From the file's position on, which is its end where it was opened to append. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at)
}

function endsInside(fd: number, size: number): boolean {
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE
}

/** For tidying up, which must not hide why it is needed. */
function tryTo(work: () => void): void {
  try {
    work()
  } catch {
    // What is left is found by the next writer.
  }
}

async function guard<T>(doing: string, path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StoreError ? error : storeError(doing, path, error)
  }
}
