import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ErrorReport, NodeOutcome } from '../../src/outcome/outcome.ts'
import { tempDir } from './temp.ts'

/** The shipped entry; AKCTL_TEST_BIN points the tests at another build (an installed package). */
export const BIN = resolve(process.env['AKCTL_TEST_BIN'] ?? resolve(__dirname, '../../bin/run.js'))

/** The JSON document of a run; what is in `data` and `result` is the test's to say (toMatchObject, or a cast). */
export interface JsonDocument {
  readonly schema: string
  readonly ok: boolean
  readonly exit: number
  readonly data?: unknown
  readonly nodes?: readonly NodeOutcome<unknown>[]
  readonly warnings: readonly string[]
  readonly error?: ErrorReport
}

/** How one run of akctl ended. */
export interface CliRun {
  readonly args: readonly string[]
  readonly stdout: string
  readonly stderr: string
  /** The exit code; -1 when a signal ended the process (see `signal`). */
  readonly exit: number
  readonly signal: NodeJS.Signals | null
  /** stdout as exactly one JSON document. @throws when it is anything else */
  readonly json: JsonDocument
}

export interface CliOptions {
  /** Added to the clean environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What is on stdin; default: nothing (stdin is at its end). */
  readonly input?: string
  /** Leaves stdin open behind the input, as a shell's pipe whose writer is still at work. */
  readonly openInput?: boolean
  readonly cwd?: string
  /** Seconds until the run is killed and the test fails; default 60. */
  readonly timeout?: number
}

/** An akctl that is still running. */
export interface CliProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** What was printed so far. */
  stdout(): string
  stderr(): string
  /** Waits until stdout (or stderr) matches. @throws after `seconds`, or when the process ends before */
  waitFor(stream: 'stdout' | 'stderr', pattern: RegExp, seconds?: number): Promise<void>
  readonly done: Promise<CliRun>
}

/** akctl with a home of its own. */
export interface TestCli {
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** Runs to the end. */
  run(args: readonly string[], options?: CliOptions): Promise<CliRun>
  /** Runs to the end and throws unless it exits 0, showing what was printed. */
  ok(args: readonly string[], options?: CliOptions): Promise<CliRun>
  /** Starts and returns at once. */
  start(args: readonly string[], options?: CliOptions): CliProcess
}

/** The environment of a user at work: nothing of the test runner's, no CI, nobody's ~/.ssh. */
export function cleanEnv(home: string): Record<string, string> {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } = process.env
  return { PATH, HOME: home, USER: 'tester', LANG: 'C.UTF-8', TERM: 'xterm-256color', AKCTL_HOME: `${home}/akctl` }
}

/**
 * akctl as a process with a clean environment and its store in a temporary folder, which goes when the file's tests are over.
 * @param env variables for every run
 * @param through words in front of the program, where it runs somewhere else (`nsenter …`); killing a run kills only those
 */
export function testCli(env: Readonly<Record<string, string>> = {}, through: () => readonly string[] = () => []): TestCli {
  const home = tempDir('akctl-home-')
  const all = { ...cleanEnv(home), ...env }
  const start = (args: readonly string[], options: CliOptions = {}): CliProcess =>
    startCli([...through(), process.execPath, BIN, ...args], all, home, args, options)
  const run = (args: readonly string[], options?: CliOptions): Promise<CliRun> => start(args, options).done
  const ok = async (args: readonly string[], options?: CliOptions): Promise<CliRun> => {
    const result = await run(args, options)
    if (result.exit !== 0) throw new Error(`akctl ${args.join(' ')} ended with ${result.exit}\n${result.stderr}${result.stdout}`)
    return result
  }
  return { home: all['AKCTL_HOME'] ?? home, env: all, run, ok, start }
}

/** A variable map without the undefined ones. */
export function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** Whether a process of Node waits for its stdin: epoll watches descriptor 0. */
export function readsStdin(pid: number): boolean {
  const directory = `/proc/${pid}/fdinfo`
  return readdirSync(directory).some((name) => {
    try {
      return /^tfd:\s+0\s/m.test(readFileSync(`${directory}/${name}`, 'utf8'))
    } catch {
      return false // closed meanwhile
    }
  })
}

function startCli(
  [program = '', ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
  home: string,
  args: readonly string[],
  options: CliOptions,
): CliProcess {
  const child = spawn(program, words, {
    cwd: options.cwd ?? home,
    env: defined({ ...env, ...options.env }),
    stdio: 'pipe',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  child.stdin.on('error', () => undefined) // a command that reads no stdin may be gone before it is written
  if (options.openInput !== true) child.stdin.end(options.input ?? '')
  else if (options.input !== undefined) child.stdin.write(options.input)
  const seconds = options.timeout ?? 60
  const done = new Promise<CliRun>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`akctl ${args.join(' ')} did not end within ${seconds} s\n${stderr}${stdout}`))
    }, seconds * 1000)
    child.on('error', reject)
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve(cliRun(args, stdout, stderr, status ?? -1, signal))
    })
  })
  done.catch(() => undefined) // a test that kills its process does not have to await it
  return { child, done, stdout: () => stdout, stderr: () => stderr, waitFor: waiter(child, () => ({ stdout, stderr })) }
}

function cliRun(args: readonly string[], stdout: string, stderr: string, exit: number, signal: NodeJS.Signals | null): CliRun {
  return {
    args,
    stdout,
    stderr,
    exit,
    signal,
    get json(): JsonDocument {
      try {
        return JSON.parse(stdout) as JsonDocument
      } catch (error) {
        throw new Error(`akctl ${args.join(' ')} (exit ${exit}) printed no single JSON document:\n${stdout}\n${stderr}`, {
          cause: error,
        })
      }
    },
  }
}

function waiter(
  child: ChildProcessWithoutNullStreams,
  printed: () => { readonly stdout: string; readonly stderr: string },
): CliProcess['waitFor'] {
  return (stream, pattern, seconds = 20) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(printed()[stream])) settle()
      }
      const settle = (error?: Error): void => {
        clearTimeout(timer)
        child[stream].off('data', look)
        child.off('close', onClose)
        if (error === undefined) resolve()
        else reject(error)
      }
      const missing = (why: string): Error =>
        new Error(`${why}; ${stream} never matched ${String(pattern)}:\n${printed().stderr}${printed().stdout}`)
      const onClose = (): void => {
        look()
        settle(missing('akctl ended'))
      }
      const timer = setTimeout(() => settle(missing(`${seconds} s went by`)), seconds * 1000)
      child[stream].on('data', look)
      child.on('close', onClose)
      look()
    })
}
