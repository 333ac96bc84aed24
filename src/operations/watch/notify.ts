import { spawn } from 'node:child_process'
import type { Context } from '../context.ts'
import type { WatchEvent } from './results.ts'

/** Seconds that a command may take, and characters kept of what it says on stderr. */
const LIMIT = 30
const SAID = 500

/** Characters of a message in the environment, which is bounded. */
const TEXT = 4096

/**
 * Runs the command of `--notify` for an event, which is in its environment and, as JSON, on its stdin: no value is ever
 * part of the command. A failure is a warning.
 * @param limit seconds that it may take
 */
export async function notify(context: Context, command: string, event: WatchEvent, limit = LIMIT): Promise<void> {
  const failure = await run(command, await environmentOf(context, event), `${JSON.stringify(event)}\n`, limit)
  if (failure !== undefined) context.warn(`--notify for ${event.event} of ${event.node ?? 'the watch'}: ${failure}`)
}

async function environmentOf(context: Context, event: WatchEvent): Promise<Readonly<Record<string, string | undefined>>> {
  const { name } = await context.profile()
  return {
    ...context.env,
    AKCTL_PROFILE: name,
    AKCTL_EVENT: event.event,
    AKCTL_NODE: event.node ?? '',
    AKCTL_AT: event.at,
    // A node may have had a say in it.
    AKCTL_MESSAGE: event.message.slice(0, TEXT).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '),
    AKCTL_TRIES: String(event.tries ?? 0),
    AKCTL_MAX_TRIES: String(event.maxTries ?? 0),
  }
}

/** @returns why it failed; undefined when it succeeded */
function run(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  input: string,
  limit: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A group of its own, so that all of it can be ended, and Ctrl-C at akctl does not reach it.
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['pipe', 'ignore', 'pipe'], detached: true })
    let said = ''
    const over = (failure: string | undefined): void => {
      clearTimeout(timer)
      child.stderr.destroy()
      resolve(failure)
    }
    const timer = setTimeout(() => {
      kill(child.pid)
      over(`it took longer than ${limit} s and was ended`)
    }, limit * 1000)
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(0, SAID)))
    child.stdin.on('error', () => undefined) // a command need not read it
    child.stdin.end(input)
    child.on('error', (error) => over(`it can't be run: ${error.message}`))
    // Not `close`: something it leaves behind may hold its stderr.
    child.on('exit', (status, signal) => {
      const how = signal === null ? `it ended with status ${status ?? '?'}` : `it was ended by ${signal}`
      over(status === 0 ? undefined : `${how}${said === '' ? '' : `: ${said.trim()}`}`)
    })
  })
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
