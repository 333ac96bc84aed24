import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'

/**
 * The pid of the agent that holds this file; undefined for none, or one that is gone. The proof is not the number, which
 * another process may have by now: an agent keeps its pid file open, so the process has this very file among its own.
 */
export function runningAgent(file: string): number | undefined {
  const there = statSync(file, { throwIfNoEntry: false })
  if (there === undefined) return undefined
  const pid = Number(/^\d{1,10}\n?$/.exec(readFileSync(file, 'latin1'))?.[0] ?? NaN)
  return Number.isInteger(pid) && holds(pid, there) ? pid : undefined
}

function holds(pid: number, file: { readonly ino: number; readonly dev: number }): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const open = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false })
      return open?.ino === file.ino && open.dev === file.dev
    })
  } catch (error) {
    // Somebody else's process: what it has open can't be seen. Its name still can.
    return error instanceof Error && 'code' in error && error.code === 'EACCES' && isAgent(pid)
  }
}

function isAgent(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[1]?.endsWith('/agent.cjs') === true
  } catch {
    return false
  }
}

/** This process's pid file: written whole or not at all, held open as proof, removed in the end. */
export class PidFile {
  private fd: number | undefined

  constructor(private readonly file: string) {}

  /** Writes this process's pid. @throws the system's error */
  write(): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o755 })
    const fresh = `${this.file}.${randomBytes(6).toString('hex')}`
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    this.fd = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
    try {
      writeSync(this.fd, `${process.pid}\n`)
      fsyncSync(this.fd)
      renameSync(fresh, this.file)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    }
  }

  /** Removes the file if it is still this process's. */
  remove(): void {
    if (this.fd === undefined) return
    const mine = fstatSync(this.fd)
    const there = statSync(this.file, { throwIfNoEntry: false })
    if (there?.ino === mine.ino && there.dev === mine.dev) rmSync(this.file, { force: true })
    closeSync(this.fd)
    this.fd = undefined
  }
}
