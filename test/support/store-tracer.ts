import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Driver } from './store.ts'

/** What a write of the store may consist of, seen from the kernel. What waits for the disk is done in the pool. */
const CALLS = {
  main: ['openat', 'mkdir', 'write', 'pwrite64', 'rename', 'unlink', 'unlinkat', 'rmdir', 'ftruncate', 'fcntl'],
  pool: ['fsync', 'fdatasync'],
} as const

/** One system call of a run: the n-th of its name in its thread. */
export interface Step {
  readonly thread: 'main' | 'pool'
  readonly call: string
  readonly nth: number
}

/** How a traced run ended. */
export interface TracedRun {
  /**
   * False when it was over before its step: Node wakes its own threads by writes too, and not in each run as often.
   * Undefined for a run without a fate.
   */
  readonly met?: boolean
  /** The driver's exit code, or the signal that ended it. */
  readonly end: number | string
  /** The error it reported, if it could. */
  readonly error?: { readonly kind: string; readonly message: string; readonly hints: readonly string[] }
}

/** Runs the driver's works under strace, from the moment on where its store is open and its libraries are loaded. */
export class Tracer {
  constructor(
    private readonly script: string,
    private readonly directory: string,
  ) {}

  /** Every step of a work that goes right, as far as it is about the store's files. */
  async steps(home: string, work: readonly string[]): Promise<readonly Step[]> {
    const log = join(this.directory, 'strace.log')
    const found: Step[] = []
    for (const thread of ['pool', 'main'] as const) {
      const { end } = await this.run(`${home}-${thread}`, work, thread, [
        '-y',
        '-e',
        `trace=${CALLS[thread].join(',')}`,
        '-o',
        log,
      ])
      if (end !== 0) throw new Error(`the work ended with ${end}`)
      const counts = new Map<string, number>()
      for (const [line, call = ''] of readFileSync(log, 'utf8').matchAll(/^(\w+)\(.*$/gm)) {
        const nth = (counts.get(call) ?? 0) + 1
        counts.set(call, nth)
        if (line.includes(home)) found.push({ thread, call, nth })
      }
    }
    return found
  }

  /** What a work that goes right makes last and names, in time: `fsync` and `rename`. */
  async order(home: string, work: readonly string[]): Promise<string> {
    const log = join(this.directory, 'strace.log')
    await this.run(home, work, 'main', ['-f', '-e', 'trace=fsync,fdatasync,rename', '-o', log])
    return [...readFileSync(log, 'utf8').matchAll(/^\d+ +(\w+)\(/gm)].map(([, call]) => call).join(' ')
  }

  /** Runs a work during which a step meets its fate: `signal=SIGKILL`, or `error=ENOSPC`. */
  async meet(home: string, work: readonly string[], { thread, call, nth }: Step, fate: string): Promise<TracedRun> {
    const log = join(this.directory, `${randomUUID()}.log`)
    const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${fate}:when=${nth}`, '-o', log]
    const run = await this.run(home, work, thread, inject)
    const calls = readFileSync(log, 'utf8').match(new RegExp(`^${call}\\(`, 'gm')) ?? []
    return { ...run, met: calls.length >= nth }
  }

  private async run(
    home: string,
    work: readonly string[],
    thread: Step['thread'],
    options: readonly string[],
  ): Promise<TracedRun> {
    const driver = new Driver(this.script, home, [work[0] ?? '', work[1] ?? '', '--pause'])
    const ids = JSON.parse(await driver.line()) as Record<Step['thread'], number>
    const strace = spawn('strace', ['-p', String(ids[thread]), ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
    const gone = once(strace, 'close')
    const said: string[] = []
    for await (const line of createInterface({ input: strace.stderr })) {
      said.push(line)
      if (line.includes('attached')) break
    }
    if (!said.at(-1)?.includes('attached')) throw new Error(`strace: ${said.join('; ')}`)
    driver.child.stdin!.end('go\n')
    const end = await driver.end()
    await gone
    const text = driver.lines.at(-1)
    return text === undefined ? { end } : { end, error: JSON.parse(text) as Required<TracedRun>['error'] }
  }
}
