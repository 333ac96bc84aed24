import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '../outcome/errors.ts'
import { checkFile } from './checked.ts'
import { errnoOf, storeError } from './store-errors.ts'

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_DIRECTORY, O_NOFOLLOW } = constants
const NEWLINE = 10

/**
 * Replaces a file, whole or not at all, in one step: a new file beside it, its bytes on the disk, renamed over the old
 * one. That this step survives a power cut, too, is up to {@link syncDirectory}.
 * @param fresh the new file's path until it is whole; a name that nobody can foresee
 * @throws StoreError; the old file stays and nothing is left of the new one
 */
export async function replaceFile(path: string, fresh: string, bytes: Uint8Array): Promise<void> {
  await guard('cannot write', path, async () => {
    await writeNew(fresh, bytes)
    try {
      await rename(fresh, path)
    } catch (error) {
      await unlink(fresh).catch(() => undefined)
      throw error
    }
  })
}

/**
 * Adds whole lines to a file, on the disk when it returns; only for a writer who is alone. Half a line that a crash left
 * is ended first, so that it spoils no other.
 * @returns the file's size
 * @throws StoreError; then nothing was added
 */
export async function appendLines(path: string, lines: Uint8Array): Promise<number> {
  return guard('cannot write', path, async () => {
    const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
    try {
      const stats = await handle.stat()
      checkFile(path, stats, 'plain')
      const { size } = stats
      const bytes = (await endsInside(handle, size)) ? Buffer.concat([Buffer.of(NEWLINE), lines]) : lines
      await appendOrUndo(handle, size, bytes)
      if (size === 0) await syncDirectory(dirname(path))
      return size + bytes.length
    } finally {
      await handle.close()
    }
  })
}

/** @returns false when there was no such file @throws StoreError */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw storeError('cannot remove', path, error)
  }
  await syncDirectory(dirname(path))
  return true
}

/** Renames within a directory, replacing a file that is there. @throws StoreError */
export async function moveFile(from: string, to: string): Promise<void> {
  await guard('cannot rename', from, () => rename(from, to))
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
  await guard('cannot make the directory', path, async () => {
    const first = await mkdir(path, { recursive: above, mode: 0o700 })
    await syncDirectory(dirname(first ?? path))
  })
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await writeAll(handle, bytes)
    await handle.sync()
  } catch (error) {
    await unlink(path).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
}

/** In one write unless the disk fills up, which takes a part first; then the part is taken back. */
async function appendOrUndo(handle: FileHandle, size: number, bytes: Uint8Array): Promise<void> {
  try {
    await writeAll(handle, bytes)
    await handle.sync()
  } catch (error) {
    await handle.truncate(size).catch(() => undefined)
    throw error
  }
}

/** From the file's position on, which is its end where it was opened to append. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
}

async function endsInside(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== NEWLINE
}

/** Puts a rename, a new name or a removal on the disk. @throws StoreError; what was changed is in place even so */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, O_RDONLY | O_DIRECTORY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Some network file systems can't do this for a directory, and need no such call.
    if (errnoOf(error) !== 'EINVAL') throw storeError('the change is written, but the disk has not confirmed it, in', path, error)
  }
}

async function guard<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StoreError ? error : storeError(doing, path, error)
  }
}
