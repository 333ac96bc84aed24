import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BIN, type CliOptions, type TestCli, defined } from './cli.ts'

/** Keys a person presses. */
export const KEY = { enter: '\r', down: '\u001b[B', up: '\u001b[A', ctrlC: '\u0003', ctrlD: '\u0004' } as const

/** akctl on a terminal. */
export interface Terminal {
  /** Everything shown so far, control sequences taken out. */
  text(): string
  /** Everything shown so far, byte for byte. */
  raw(): string
  /** Types as a person would. */
  send(keys: string): void
  /** Waits for what was shown since the last `expect` to match, and moves on behind it. @throws after `seconds`, with the screen */
  expect(pattern: RegExp | string, seconds?: number): Promise<void>
  /** `expect`, then types an answer and Enter. */
  answer(pattern: RegExp | string, text: string): Promise<void>
  /** The process of akctl itself. */
  pid(): number
  /** The exit code. */
  readonly done: Promise<number>
}

export interface TerminalOptions extends CliOptions {
  /** Sends stdout to a file, so that only stdin and stderr are the terminal. */
  readonly stdoutFile?: string
  readonly columns?: number
}

/**
 * Runs akctl in a pseudo-terminal made by script(1) of util-linux. The terminal has 40 rows and 120 columns.
 * The process is killed, and the test fails, when it does not end within `timeout` seconds (default 60).
 */
export function terminal(cli: TestCli, args: readonly string[], options: TerminalOptions = {}): Terminal {
  const words = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const redirect = options.stdoutFile === undefined ? '' : ` > '${options.stdoutFile}'`
  const command = `stty rows 40 cols ${options.columns ?? 120}; exec ${words}${redirect}`
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: options.cwd ?? cli.home.replace(/\/akctl$/, ''),
    env: defined({ ...cli.env, SHELL: '/bin/sh', ...options.env }),
    stdio: 'pipe',
  })
  let raw = ''
  let seen = 0
  let ended = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => (raw += text))
  child.stdin.on('error', () => undefined)
  const text = (): string => withoutControls(raw)
  const seconds = options.timeout ?? 60
  const done = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`akctl ${args.join(' ')} did not end within ${seconds} s; the screen:\n${text()}`))
    }, seconds * 1000)
    child.on('error', reject)
    child.on('close', (status) => {
      ended = true
      clearTimeout(timer)
      resolve(status ?? -1)
    })
  })
  done.catch(() => undefined)
  const expectText = async (pattern: RegExp | string, wait = 20): Promise<void> => {
    const wanted = typeof pattern === 'string' ? new RegExp(escape(pattern)) : pattern
    const deadline = Date.now() + wait * 1000
    for (;;) {
      const match = wanted.exec(text().slice(seen))
      if (match !== null) {
        seen += match.index + match[0].length
        return
      }
      if (ended || Date.now() > deadline) throw new Error(`the terminal never showed ${String(pattern)}:\n${text().slice(seen)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const send = (keys: string): void => void child.stdin.write(keys)
  return {
    text,
    raw: () => raw,
    send,
    expect: expectText,
    answer: async (pattern, words) => {
      await expectText(pattern)
      send(`${words}${KEY.enter}`)
    },
    pid: () => childOf(child.pid ?? 0),
    done,
  }
}

/** The one child of a process. @throws when it has none */
function childOf(pid: number): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  if (child === '') throw new Error(`the process ${pid} has no child`)
  return Number(child)
}

/** Terminal output without control sequences and carriage returns. */
export function withoutControls(raw: string): string {
  return raw.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007|\u001b[=>78]|\r/g, '')
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
