import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { CancelledError, FailedError, type NodeError } from '../../outcome/errors.ts'
import { ANSWER_LIMIT } from '../../script/script.ts'
import { type ShellText, SUDO, wholeText } from '../../script/program.ts'
import { CappedOutput } from '../capped-output.ts'
import { ChunkQueue } from '../chunk-queue.ts'
import type { End, Host, HostFeed, RunOptions, RunResult } from '../host.ts'
import { linesOf, linesThen } from '../lines.ts'
import { noSudo, refusalOf } from '../refusal.ts'
import { whenAborted } from '../when-aborted.ts'

/** Bytes of stderr that are kept. */
const STDERR_LIMIT = 64 * 1024

/** This machine: programs run by `sh -c`, by sudo where the node asks for it. */
export class LocalHost implements Host {
  /** @param label for messages; by default the name, and that it is this machine */
  constructor(
    name: string,
    private readonly sudo: boolean,
    readonly label = `${name} (this machine)`,
  ) {}

  run(program: ShellText, options: RunOptions): Promise<RunResult> {
    if (options.signal?.aborted === true) return Promise.reject(this.cancelled())
    return new Promise((resolve, reject) => {
      const child = this.spawn(program)
      const stdout = new CappedOutput(ANSWER_LIMIT)
      const stderr = new CappedOutput(STDERR_LIMIT)
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
        reject(this.notStarted(error))
      })
      child.on('close', (status, signal) => {
        if (abandoned !== undefined) return
        finish(endOf(status, signal))
      })
      child.stdin.end(options.payload ?? '')
    })
  }

  feed(program: ShellText, options: { readonly signal?: AbortSignal }): Promise<HostFeed> {
    if (options.signal?.aborted === true) return Promise.reject(this.cancelled())
    const child = this.spawn(program)
    const ended = new Promise<End | Error>((resolve) => {
      child.on('close', (status, signal) => resolve(endOf(status, signal)))
      child.on('error', resolve)
    })
    let printed = false
    let leaving = false
    child.stdout.once('data', () => (printed = true))
    const stderr = new CappedOutput(STDERR_LIMIT)
    child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
    child.stdin.on('error', () => undefined)
    const leave = (): void => {
      leaving = true
      child.stdin.end()
    }
    whenAborted(options.signal, leave)
    const queue = new ChunkQueue(child.stdout)
    const refused = async (): Promise<Error | undefined> => {
      if (leaving) return undefined
      const end = await ended
      if (end instanceof Error) return this.notStarted(end)
      const ok = printed || (end.kind === 'exit' && end.status === 0)
      return ok ? undefined : refusalOf(this.label, 'program', end, stderr.text())
    }
    return Promise.resolve({
      lines: linesThen(linesOf(queue.chunks()), refused),
      close: async () => {
        leave()
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

  private notStarted(error: Error): NodeError {
    if (this.sudo && 'code' in error && error.code === 'ENOENT') return noSudo(this.label)
    const command = this.sudo ? 'sudo' : '/bin/sh'
    return new FailedError(`${this.label}: cannot run ${command}: ${error.message}`, { cause: error, stage: 'program' })
  }

  /** A session of its own: Ctrl-C at akctl must not kill a script in the middle of a change. */
  private spawn(program: ShellText): ChildProcessWithoutNullStreams {
    const shell = ['-c', wholeText(program)]
    const [command, ...args] = this.sudo ? [...SUDO, '/bin/sh', ...shell] : ['/bin/sh', ...shell]
    return spawn(command, args, { stdio: 'pipe', detached: true })
  }
}

function endOf(status: number | null, signal: NodeJS.Signals | null): End {
  return status === null ? { kind: 'signal', signal: signal ?? 'a signal' } : { kind: 'exit', status }
}
