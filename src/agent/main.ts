import { parseArguments, HELP } from './arguments.ts'
import { checkConfig, loadConfig } from './config.ts'
import { DAEMON_WORD, daemonise, reportStart, warn } from './daemon.ts'
import { EXIT, StartError, wordsOf } from './exits.ts'
import { keep } from './keeper.ts'
import { LISTENER_WORD, listener } from './listener.ts'
import { agentRelease } from './version.ts'

/**
 * The agent's program.
 * @param words the command line, without the program
 * @returns its exit status
 */
export async function main(words: readonly string[]): Promise<number> {
  // A terminal that is gone is no reason to end, and must not be written about to itself.
  process.stderr.on('error', () => undefined)
  // Without a handler Node.js answers it by opening its debugger, to whoever may signal this process.
  process.on('SIGUSR1', () => undefined)
  try {
    const [first, ...rest] = words
    if (first === LISTENER_WORD) return await listener(rest)
    if (first === DAEMON_WORD) return await reportStart((ready) => serve(rest[0] ?? '', { ready }))
    return await run(words)
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`)
    return error instanceof StartError ? error.exit : EXIT.bug
  }
}

async function run(words: readonly string[]): Promise<number> {
  const { action, daemon, config } = parseArguments(words)
  switch (action) {
    case 'help':
      process.stdout.write(HELP)
      return EXIT.ok
    case 'version':
      process.stdout.write(`akctl-agent/${agentRelease()} node-${process.version}\n`)
      return EXIT.ok
    case 'check':
      return check(config)
    case 'serve':
      if (daemon) return daemonise(config)
      await serve(config, { ready: warn, also: (line) => process.stderr.write(`${line}\n`) })
      return EXIT.ok
  }
}

async function serve(folder: string, options: Parameters<typeof keep>[2]): Promise<void> {
  const { config, warnings } = loadConfig(folder)
  await keep(config, warnings, options)
}

function check(folder: string): number {
  const { config, problems, warnings } = checkConfig(folder)
  warn(warnings)
  if (config === undefined) {
    for (const problem of problems) process.stderr.write(`${problem}\n`)
    return EXIT.config
  }
  process.stdout.write(`node.json is in order: listens on ${config.listen.host} port ${config.listen.port}\n`)
  return EXIT.ok
}
