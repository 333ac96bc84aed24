import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FailedError } from '../../outcome/errors.ts'
import { makeFolders } from '../../profile/disk.ts'
import { errnoOf, reasonOf } from '../../profile/store-errors.ts'

/** Where fetched and packed things stay: `$XDG_CACHE_HOME/akctl`, else `~/.cache/akctl`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'akctl')
}

/**
 * Works in a new folder within a folder of the cache, which is made where it is missing; what is to stay is moved out of it.
 * @throws what `work` throws; FailedError for what the disk has against it
 */
export async function inCache<T>(folder: string, work: (temp: string) => Promise<T>): Promise<T> {
  try {
    makeFolders(folder, 0o755)
    const temp = await mkdtemp(join(folder, '.new-'))
    try {
      return await work(temp)
    } finally {
      await rm(temp, { recursive: true, force: true })
    }
  } catch (error) {
    if (errnoOf(error)?.startsWith('E') !== true) throw error
    throw new FailedError(`the cache ${folder} can't be used: ${reasonOf(error)}`, {
      hints: ['make room, or set XDG_CACHE_HOME to a directory that you can write to'],
      cause: error,
    })
  }
}
