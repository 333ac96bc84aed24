import { Config } from '@oclif/core/config'
import type * as Interfaces from '@oclif/core/interfaces'
import { COMMANDS } from './commands/index.ts'
import { exitOfError, reportOf } from '../outcome/errors.ts'
import { printError } from './error-text.ts'
import { askedFormat, renderError } from './output.ts'
import { resolve } from './resolve.ts'
import { quietStreams, write } from './streams.ts'

export { COMMANDS }

/** What oclif would say of itself by DEBUG=oclif goes nowhere: the library for it costs every start 4 ms. */
const SILENT: Interfaces.Logger = {
  namespace: 'oclif',
  child: () => SILENT,
  ...{ debug: ignore, error: ignore, info: ignore, trace: ignore, warn: ignore },
}

function ignore(): void {
  // see SILENT
}

/**
 * Runs one command line.
 * @param argv without node and script
 * @param root the package's folder, where oclif finds package.json and the manifest
 * @returns the exit code; only bin/ exits
 */
export async function main(argv: readonly string[], root: string): Promise<number> {
  quietStreams(process)
  try {
    // No plugins: oclif would look for them in the user's data folder, before anybody has checked whose that is.
    const plugins = { userPlugins: false, devPlugins: false, jitPlugins: false }
    const loaded = await Config.load({ root, logger: SILENT, ...plugins })
    const config = Object.assign(loaded, { logger: SILENT }) // asked for again by Command.run
    const { id, rest } = resolve(config, argv)
    const load = COMMANDS[id]
    if (load === undefined) throw new Error(`the command ${id} is in the manifest and not in the program`)
    const { default: Command } = await load()
    Command.id = id
    const code: unknown = await Command.run([...rest], config)
    return typeof code === 'number' ? code : 0
  } catch (error) {
    return crash(error, argv)
  }
}

/**
 * Says what ended a run outside of any command, in the asked-for format. Also for what nobody awaited: an error
 * event without a listener must not end akctl with exit 1, which means something else.
 * @returns the exit code
 */
export async function crash(error: unknown, argv: readonly string[]): Promise<number> {
  const exit = exitOfError(error)
  const report = reportOf(error)
  const document = await renderError(askedFormat(argv, process.env), report, exit, [])
  await (document === '' ? printError(process.stderr, report) : write(process.stdout, document)).catch(() => undefined)
  return exit
}
