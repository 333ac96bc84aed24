import { StoreError } from '../outcome/errors.ts'

/** The errno of a failed system call, or undefined for any other thrown value. */
export function errnoOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const MOVE = 'or set AKCTL_HOME to a directory that you can write to'

/** What an errno means for the store, and what helps. */
const MEANINGS: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  ENOSPC: ['no space left on the disk', 'free some space, then run the command again: the store is as it was before'],
  EDQUOT: ['the disk quota is used up', 'free some space, then run the command again: the store is as it was before'],
  EROFS: ['the file system is read-only', `mount it read-write, ${MOVE}`],
  EACCES: ['permission denied', `run akctl as the user that owns the store, ${MOVE}`],
  EPERM: ['operation not permitted', `run akctl as the user that owns the store, ${MOVE}`],
  ENOTDIR: ['a part of the path is a file where a directory should be', `move that file away, ${MOVE}`],
  ELOOP: ['it is a symbolic link, which the store does not follow', 'replace the link by the file itself'],
  EISDIR: ['it is a directory where a file should be', 'move it away'],
  EEXIST: ['something is there already', 'look who else writes to this directory'],
  ENOLCK: ['the file system has no locks', 'set AKCTL_HOME to a directory on a local disk'],
  ENOTSUP: ['the file system has no locks', 'set AKCTL_HOME to a directory on a local disk'],
  EIO: ['the disk reports an input/output error', 'look at dmesg: the disk or its file system may be failing'],
  EMFILE: ['too many open files', 'raise the limit: ulimit -n 4096'],
}

/** Why a system call failed, in words: `no space left on the disk`. */
export function reasonOf(cause: unknown): string {
  const meaning = MEANINGS[errnoOf(cause) ?? '']?.[0]
  return meaning ?? (cause instanceof Error ? cause.message : String(cause))
}

/**
 * The error for a system call on the store that failed.
 * @param doing what akctl was about, such as `cannot write`
 * @param path the file or directory it was about
 */
export function storeError(doing: string, path: string, cause: unknown): StoreError {
  const errno = errnoOf(cause)
  const known = errno === undefined ? undefined : MEANINGS[errno]
  return new StoreError(`${doing} ${path}: ${reasonOf(cause)}`, { cause, ...(known === undefined ? {} : { hints: [known[1]] }) })
}
