import { type FileHandle, open, stat } from 'node:fs/promises'
import { constants } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError, UsageError } from '../outcome/errors.ts'
import { errnoOf, storeError } from './store-errors.ts'

/** Polling for a lock that another process holds: milliseconds, first and longest pause. */
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 5

/**
 * How long a writer waits for another process, in seconds: `AKCTL_STORE_TIMEOUT`, else 10.
 * @throws UsageError for a value that is no number of seconds
 */
export function storeTimeout(env: Readonly<Record<string, string | undefined>>): number {
  const text = env['AKCTL_STORE_TIMEOUT'] ?? ''
  if (text === '') return 10
  if (/^\d{1,6}(\.\d{1,3})?$/.test(text)) return Number(text)
  throw new UsageError(`AKCTL_STORE_TIMEOUT is "${text}": give a number of seconds, such as 10`)
}

/**
 * A lock that the kernel keeps on an open file and drops when its holder dies, so that no stale lock can be left behind.
 * It excludes other processes and other holders in this one alike, as it belongs to the open file description.
 */
export class FileLock {
  /** The last one in this process's own queue: one waiter a process polls, and they come in order. */
  private tail: Promise<unknown> = Promise.resolve()

  /**
   * @param path the lock file; made when missing, never removed
   * @param timeout seconds to wait for another process
   */
  constructor(
    readonly path: string,
    private readonly timeout: number,
  ) {}

  /**
   * Does the work while nobody else holds the lock.
   * @throws LockedError when another process keeps it too long
   * @throws the open's error where the lock file's directory is missing
   */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(() => this.holdNow(work))
    this.tail = turn.catch(() => undefined)
    return turn
  }

  private async holdNow<T>(work: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.timeout * 1000
    const handle = await this.acquire(deadline)
    try {
      await signHolder(handle)
      return await work()
    } finally {
      await handle.close()
    }
  }

  private async acquire(deadline: number): Promise<FileHandle> {
    const { tryLock } = await import('fs-native-extensions')
    for (;;) {
      const handle = await this.openFile()
      try {
        if (await poll(() => tryLock(handle.fd), deadline)) {
          if (await isStill(this.path, handle)) return handle
          await handle.close()
          continue
        }
      } catch (error) {
        await handle.close()
        throw storeError('cannot lock', this.path, error)
      }
      const holder = await readHolder(handle)
      await handle.close()
      throw this.refusal(holder)
    }
  }

  private async openFile(): Promise<FileHandle> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
    try {
      return await open(this.path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw error
      throw storeError('cannot open the lock file', this.path, error)
    }
  }

  private refusal(holder: string): LockedError {
    const who = holder === '' ? 'another process' : `another process (${holder})`
    return new LockedError(`the store is being changed by ${who}: waited ${this.timeout} s for ${this.path}`, {
      hints: [
        'wait until it is done and run the command again; the lock goes by itself when that process ends',
        'to wait longer: AKCTL_STORE_TIMEOUT=SECONDS',
      ],
    })
  }
}

async function poll(granted: () => boolean, deadline: number): Promise<boolean> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    if (granted()) return true
    if (Date.now() >= deadline) return false
    await sleep(Math.random() * pause)
  }
}

/** False when the file was removed, or its directory replaced, while we waited: then nobody else sees our lock. */
async function isStill(path: string, handle: FileHandle): Promise<boolean> {
  const mine = await handle.stat()
  try {
    const there = await stat(path)
    return there.ino === mine.ino && there.dev === mine.dev
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** For the message to those who wait, and nothing else: a full disk is no reason to stop here. */
async function signHolder(handle: FileHandle): Promise<void> {
  const text = Buffer.from(`pid ${process.pid}`.padEnd(20))
  await handle.write(text, 0, text.length, 0).catch(() => undefined)
}

async function readHolder(handle: FileHandle): Promise<string> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(64), 0, 64, 0)
  return /^pid \d+/.exec(buffer.toString('latin1', 0, bytesRead))?.[0] ?? ''
}
