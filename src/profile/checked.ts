import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { StoreError } from '../outcome/errors.ts'
import { errnoOf, storeError } from './store-errors.ts'

/** Bits that let the group or others in. */
const OTHERS_WRITE = 0o022
const OTHERS_ANY = 0o077
const STICKY = 0o1000

/** Links are not followed, and a pipe in a file's place is seen, not waited for. */
const TO_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** How strict a file of the store is: `secret` files may be read by their owner alone, as ssh wants it of its keys. */
export type Secrecy = 'plain' | 'secret'

/**
 * The bytes of a file of the store, or undefined when there is none. No lock is needed, as writers replace whole files.
 * Links are not followed, and a file is refused that somebody else could have written or, if it is secret, read.
 * @throws StoreError
 */
export function readChecked(path: string, secrecy: Secrecy = 'plain'): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(path, TO_READ)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeError('cannot read', path, error)
  }
  try {
    const stats = fstatSync(fd)
    checkFile(path, stats, secrecy)
    return readAll(fd, stats.size)
  } catch (error) {
    throw error instanceof StoreError ? error : storeError('cannot read', path, error)
  } finally {
    closeSync(fd)
  }
}

/** Like {@link readChecked}, for a file that is too large to be read whole. @throws StoreError */
export async function openChecked(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, TO_READ)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeError('cannot read', path, error)
  }
  try {
    checkFile(path, await handle.stat(), 'plain')
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** @throws StoreError for a file that is none, has a foreign owner, or a mode that lets others in */
export function checkFile(path: string, stats: Stats, secrecy: Secrecy): void {
  if (!stats.isFile()) throw new StoreError(`${path} is not a regular file`, { hints: [`move ${path} away`] })
  checkOwner(path, stats)
  const forbidden = secrecy === 'secret' ? OTHERS_ANY : OTHERS_WRITE
  if ((stats.mode & forbidden) === 0) return
  const what = secrecy === 'secret' ? 'is open to other users' : 'can be written by other users'
  throw new StoreError(`${path} ${what} (mode ${octal(stats)})`, {
    hints: [`find out who used it, then: chmod 600 ${path}`],
  })
}

/**
 * Makes sure that a directory of the store, where it exists, is ours and that nobody else can put files into it.
 * @param shared true for the home itself, which the user chose: it may be a link, or sticky like /tmp
 * @returns its stats, or undefined when there is no such directory
 * @throws StoreError
 */
export function checkDirectory(path: string, shared = false): Stats | undefined {
  let stats: Stats
  try {
    stats = lstatSync(shared ? `${path}/.` : path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeError('cannot read', path, error)
  }
  if (!stats.isDirectory()) throw new StoreError(`${path} is not a directory`, { hints: [`move ${path} away`] })
  if (shared && (stats.mode & STICKY) !== 0) return stats
  checkOwner(path, stats)
  if ((stats.mode & OTHERS_WRITE) === 0) return stats
  throw new StoreError(`${path} can be written by other users (mode ${octal(stats)})`, {
    hints: [`check what is in it, then: chmod 700 ${path}`, 'or set AKCTL_HOME to a directory of your own'],
  })
}

/** Ours or root's, as ssh wants it of its configuration. */
function checkOwner(path: string, stats: Stats): void {
  const me = process.geteuid?.() ?? stats.uid
  if (stats.uid === me || stats.uid === 0) return
  throw new StoreError(`${path} belongs to the user with uid ${stats.uid}, and akctl runs as uid ${me}`, {
    hints: ['run akctl as that user', 'or set AKCTL_HOME to a directory of your own'],
  })
}

function octal(stats: Stats): string {
  return (stats.mode & 0o777).toString(8).padStart(4, '0')
}

function readAll(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  while (at < size) {
    const count = readSync(fd, bytes, at, size - at, at)
    if (count === 0) break
    at += count
  }
  return bytes.subarray(0, at)
}
