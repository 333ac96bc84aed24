import { spawn } from 'node:child_process'
import * as v from 'valibot'
import { loadConfig } from './config.ts'
import { EXIT, StartError, wordsOf } from './exits.ts'

/** The first word of the command line of an agent that was sent to the background. */
export const DAEMON_WORD = 'daemon'

/** What it tells the process that started it. */
const started = v.union([
  v.object({ pid: v.number(), warnings: v.array(v.string()) }),
  v.object({ why: v.string(), exit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)) }),
])

/**
 * Starts the agent in the background, and waits until it listens or has failed. Prints its pid.
 * @param folder of node.json
 * @throws StartError with the reason of a failure
 */
export async function daemonise(folder: string): Promise<number> {
  const { config, warnings } = loadConfig(folder) // mistakes are found here, where somebody reads them
  warn(warnings)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', DAEMON_WORD, config.folder], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const message = await new Promise<unknown>((resolve) => {
    child.once('message', resolve)
    child.once('error', (error) => resolve({ why: `can not start: ${error.message}`, exit: EXIT.failed }))
    child.once('exit', (status, signal) => {
      resolve({ why: `the agent ended early (${signal ?? `status ${status ?? '?'}`}); see ${config.logFile}`, exit: EXIT.failed })
    })
  })
  const answer = v.parse(started, message)
  if ('why' in answer) throw new StartError(answer.why, answer.exit)
  warn(answer.warnings)
  child.disconnect()
  child.unref()
  process.stdout.write(`the agent runs: pid ${answer.pid}, listens on ${config.listen.host} port ${config.listen.port}\n`)
  return EXIT.ok
}

/** The background's side: does the work, and reports its beginning, or why there is none. @returns the exit status */
export async function reportStart(serve: (ready: (warnings: readonly string[]) => void) => Promise<void>): Promise<number> {
  const report = (answer: v.InferOutput<typeof started>): Promise<void> =>
    new Promise((resolve) => {
      const told = (): void => {
        if (process.connected) process.disconnect()
        resolve()
      }
      // Whoever started it may be gone by now.
      if (process.send === undefined || !process.connected) told()
      else process.send(answer, undefined, undefined, told)
    })
  try {
    await serve((warnings) => void report({ pid: process.pid, warnings: [...warnings] }))
    return EXIT.ok
  } catch (error) {
    const exit = error instanceof StartError ? error.exit : EXIT.bug
    await report({ why: wordsOf(error), exit })
    return exit
  }
}

/** Says what does not keep the agent from starting. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
}
