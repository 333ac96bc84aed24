import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { LogLevel } from '../mta/logs.ts'
import { codeOf } from './config-fields.ts'

/** One line of the agent's log: what happened, and facts of it. Never a key, a header or a body. */
export interface LogEntry {
  readonly level: LogLevel
  readonly event: string
  readonly [fact: string]: string | number | boolean | undefined
}

/** Takes a line for the log; never throws. */
export type Note = (entry: LogEntry) => void

const NEWLINE = 10

/** Longest text of a fact, in characters. */
const FACT_LIMIT = 2048

/** The log file: a JSON document a line, written at once, so that nothing is lost when the process dies. */
export class AgentLog {
  private fd: number | undefined
  /** The file's last line has no end: its writer died, or the disk was full. */
  private torn = false
  /** Lines that could not be written, and are told of as soon as one can. */
  private lost = 0
  private readonly readers = new Set<(line: string) => void>()

  /**
   * @param file absolute path
   * @param also takes every line as well: stderr of an agent in the foreground
   */
  constructor(
    private readonly file: string,
    private readonly also: ((line: string) => void) | undefined,
  ) {}

  /** Opens the file, or opens it again after it was renamed. A failure keeps the old one. @throws the system's error */
  open(): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o755 })
    // A link is not followed: whoever may write to the folder must not choose what root appends to.
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
    const fd = openSync(this.file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640)
    const { mode, size } = fstatSync(fd)
    fchmodSync(fd, mode & 0o750)
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = fd
    const last = Buffer.alloc(1)
    this.torn = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE
  }

  readonly note: Note = (entry) => {
    const line = lineOf(entry)
    this.also?.(line)
    for (const reader of this.readers) reader(line)
    if (this.fd === undefined) return
    try {
      if (this.lost > 0) this.append(this.fd, lineOf({ level: 'error', event: 'log', lost: this.lost }))
      this.lost = 0
      this.append(this.fd, line)
    } catch (error) {
      // A full disk must not end the agent; the line is gone, unless somebody sees stderr.
      this.lost += 1
      this.also?.(JSON.stringify({ event: 'log', why: codeOf(error) }))
    }
  }

  /** Writes a whole line, or as good as nothing. @throws the system's error */
  private append(fd: number, line: string): void {
    const bytes = Buffer.from(`${this.torn ? '\n' : ''}${line}\n`)
    let at = 0
    try {
      // A disk that is full in the middle of a line is told by a short count alone.
      while (at < bytes.length) at += writeSync(fd, bytes, at)
      this.torn = false
    } catch (error) {
      if (at > 0) this.takeBack(fd, at, bytes)
      throw error
    }
  }

  private takeBack(fd: number, count: number, bytes: Buffer): void {
    try {
      ftruncateSync(fd, Math.max(0, fstatSync(fd).size - count))
    } catch {
      this.torn = bytes[count - 1] !== NEWLINE
    }
  }

  /** Everything that is written from now on, until the returned function is called. */
  follow(reader: (line: string) => void): () => void {
    this.readers.add(reader)
    return () => this.readers.delete(reader)
  }

  /** The last lines of the file, oldest first; at most `limit` bytes of it. */
  last(lines: number, limit = 8 * 1024 * 1024): readonly string[] {
    // Between its rename and the SIGHUP there is no file of this name: nothing has been written to the next one.
    if (lines === 0 || !existsSync(this.file)) return []
    const fd = openSync(this.file, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const { size } = fstatSync(fd)
      const from = Math.max(0, size - limit)
      const bytes = Buffer.alloc(size - from)
      const read = readSync(fd, bytes, 0, bytes.length, from)
      const all = bytes.toString('utf8', 0, read).split('\n')
      if (from > 0) all.shift()
      return all.filter((line) => line !== '').slice(-lines)
    } finally {
      closeSync(fd)
    }
  }
}

function lineOf(entry: LogEntry): string {
  const facts = Object.entries(entry).map(([name, fact]) => [name, typeof fact === 'string' ? fact.slice(0, FACT_LIMIT) : fact])
  return JSON.stringify({ at: new Date().toISOString(), ...Object.fromEntries(facts) })
}
