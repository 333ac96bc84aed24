import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockedError, UsageError } from '../outcome/errors.ts'
import { storeError } from './store-errors.ts'

/** Longest pauses between two looks, in milliseconds: of the one whose turn is next, and of those behind it. */
const PAUSE_NEXT = 3
const PAUSE_QUEUED = 15

/** Locks an open file; false when another holds it. */
type TryLock = (fd: number) => boolean

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
  private library: Promise<TryLock> | undefined

  /**
   * @param path the lock file; made when missing, never removed. Beside it lies `PATH-queue`, for those who wait
   * @param timeout seconds to wait for another process
   */
  constructor(
    readonly path: string,
    private readonly timeout: number,
  ) {}

  /**
   * Does the work while nobody else holds the lock.
   * @throws LockedError when another process keeps it too long
   * @throws StoreError, caused by ENOENT where the lock file's directory is missing
   */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(() => this.holdNow(work))
    this.tail = turn.catch(() => undefined)
    return turn
  }

  /**
   * Does the work if nobody holds the lock now.
   * @returns undefined, without waiting, when somebody does
   * @throws StoreError
   */
  async attempt<T>(work: () => Promise<T>): Promise<{ readonly result: T } | undefined> {
    const tryLock = await this.tryLock()
    const fd = openLockFile(this.path)
    try {
      if (!locked(tryLock, fd, this.path) || !isStill(this.path, fd)) return undefined
      signHolder(fd)
      return { result: await work() }
    } finally {
      closeSync(fd)
    }
  }

  /** Who holds the lock, or held it last: `pid 123`; empty when that can't be told. */
  holder(): string {
    return holderIn(this.path)
  }

  private async holdNow<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.timeout * 1000
    const fd = await this.acquire(deadline)
    try {
      signHolder(fd)
      return await work()
    } finally {
      closeSync(fd)
    }
  }

  /**
   * Only one waiter at a time stands before the lock, while the others queue up behind it: whoever has just let go must
   * queue up, too, and can't take the lock again and again between two looks of those who wait.
   */
  private async acquire(deadline: number): Promise<number> {
    for (;;) {
      const queue = await this.take(`${this.path}-queue`, PAUSE_QUEUED, deadline)
      try {
        const fd = await this.take(this.path, PAUSE_NEXT, deadline)
        if (isStill(this.path, fd)) return fd
        closeSync(fd)
      } finally {
        closeSync(queue)
      }
    }
  }

  /** @returns the open file that is locked now */
  private async take(path: string, longest: number, deadline: number): Promise<number> {
    const tryLock = await this.tryLock()
    const fd = openLockFile(path)
    try {
      for (let pause = 1; !tryLock(fd); pause = Math.min(pause * 1.5, longest)) {
        if (performance.now() >= deadline) throw this.refusal(holderIn(this.path))
        await sleep(Math.random() * pause)
      }
      return fd
    } catch (error) {
      closeSync(fd)
      throw error instanceof LockedError ? error : storeError('cannot lock', path, error)
    }
  }

  /** Loaded at the first need; kept, as a run of many nodes takes its locks thousands of times. */
  private tryLock(): Promise<TryLock> {
    this.library ??= import('fs-native-extensions').then(({ tryLock }) => tryLock)
    return this.library
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

function locked(tryLock: TryLock, fd: number, path: string): boolean {
  try {
    return tryLock(fd)
  } catch (error) {
    throw storeError('cannot lock', path, error)
  }
}

function openLockFile(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
  } catch (error) {
    throw storeError('cannot open the lock file', path, error)
  }
}

/** False when the file was removed, or its directory replaced, while we waited: then nobody else sees our lock. */
function isStill(path: string, fd: number): boolean {
  const mine = fstatSync(fd)
  const there = statSync(path, { throwIfNoEntry: false })
  return there?.ino === mine.ino && there.dev === mine.dev
}

/** For the message to those who wait, and nothing else: a full disk is no reason to stop here. */
function signHolder(fd: number): void {
  try {
    writeSync(fd, `pid ${process.pid}`.padEnd(20), 0)
  } catch {
    // Then the message says "another process".
  }
}

function holderIn(path: string): string {
  try {
    return /^pid \d+/.exec(readFileSync(path, 'latin1'))?.[0] ?? ''
  } catch {
    return ''
  }
}
