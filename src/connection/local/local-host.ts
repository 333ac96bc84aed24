import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { CancelledError, FailedError } from '../../outcome/errors.ts'
import { ANSWER_LIMIT } from '../../script/script.ts'
import { SUDO } from '../../script/program.ts'
import { CappedOutput } from '../capped-output.ts'
import { ChunkQueue } from '../chunk-queue.ts'
import type { End, Host, HostFeed, RunOptions, RunResult } from '../host.ts'
import { linesOf } from '../lines.ts'
import { whenAborted } from '../when-aborted.ts'

/** This machine: programs run by `sh -c`, by sudo where the node asks for it. */
export class LocalHost implements Host {
  /** @param label for messages; by default the name, and that it is this machine */
  constructor(
    name: string,
    private readonly sudo: boolean,
    readonly label = `${name} (this machine)`,
  ) {}

  run(program: string, options: RunOptions): Promise<RunResult> {
    if (options.signal?.aborted === true) return Promise.reject(this.cancelled())
    return new Promise((resolve, reject) => {
      const child = this.spawn(program)
      const stdout = new CappedOutput(ANSWER_LIMIT)
      const stderr = new CappedOutput(64 * 1024)
      let abandoned: End | undefined
      const abandon = (end: End): void => {
        abandoned = end
        child.stdin.destroy()
        child.stdout.destroy()
        child.stderr.destroy()
        finish(end)
      }
      const timer = setTimeout(() => abandon({ kind: 'timeout', seconds: options.timeout }), options.timeout * 1000)
      const onAbort = (): void => abandon({ kind: 'cut', why: 'cancelled' })
      whenAborted(options.signal, onAbort)
      const finish = (end: End): void => {
        clearTimeout(timer)
        options.signal?.removeEventListener('abort', onAbort)
        resolve({ end, stdout: stdout.text(), stderr: stderr.text(), overflow: stdout.overflow })
      }
      child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk))
      child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
      child.stdin.on('error', () => undefined) // a script that ends before its payload is read says why itself
      child.on('error', (error) => {
        clearTimeout(timer)
        reject(new FailedError(`${this.label}: cannot run /bin/sh: ${error.message}`, { cause: error }))
      })
      child.on('close', (status, signal) => {
        if (abandoned !== undefined) return
        finish(status === null ? { kind: 'signal', signal: signal ?? 'a signal' } : { kind: 'exit', status })
      })
      child.stdin.end(options.payload ?? '')
    })
  }

  feed(program: string, options: { readonly signal?: AbortSignal }): Promise<HostFeed> {
    if (options.signal?.aborted === true) return Promise.reject(this.cancelled())
    const child = this.spawn(program)
    const ended = new Promise<void>((resolve) => {
      child.on('close', () => resolve())
      child.on('error', () => resolve())
    })
    child.stdin.on('error', () => undefined)
    whenAborted(options.signal, () => child.stdin.end())
    child.stderr.resume() // nobody reads it, and a program must not wait for room in it
    const queue = new ChunkQueue(child.stdout)
    return Promise.resolve({
      lines: linesOf(queue.chunks()),
      close: async () => {
        child.stdin.end()
        queue.drop()
        child.stdout.destroy()
        await ended
      },
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  private cancelled(): CancelledError {
    return new CancelledError(`${this.label}: cancelled before the program was started`)
  }

  /** A session of its own: Ctrl-C at akctl must not kill a script in the middle of a change. */
  private spawn(program: string): ChildProcessWithoutNullStreams {
    const [command, ...args] = this.sudo ? [...SUDO, '/bin/sh', '-c', program] : ['/bin/sh', '-c', program]
    return spawn(command, args, { stdio: 'pipe', detached: true })
  }
}
