import { run } from '@oclif/core'
import { exitOfError, reportOf } from '../outcome/errors.ts'
import { usageFromParser } from './command.ts'
import { printError } from './error-text.ts'
import { errorEnvelope } from './output.ts'
import { write } from './streams.ts'

export { COMMANDS } from './commands/index.ts'

/**
 * Runs one command line.
 * @param argv without node and script
 * @param root the package's folder, where oclif finds package.json and the manifest
 * @returns the exit code; only bin/ exits
 */
export async function main(argv: string[], root: string): Promise<number> {
  try {
    const code: unknown = await run(argv, root)
    return typeof code === 'number' ? code : 0
  } catch (thrown) {
    if (isExit(thrown)) return thrown.oclif.exit
    const error = usageFromParser(thrown)
    const exit = exitOfError(error)
    if (argv.includes('--json'))
      await write(process.stdout, `${JSON.stringify(errorEnvelope(reportOf(error), exit, []), undefined, 2)}\n`)
    else await printError(process.stderr, reportOf(error))
    return exit
  }
}

/** oclif ends some paths (help) by throwing an exit of 0. */
function isExit(thrown: unknown): thrown is { readonly oclif: { readonly exit: number } } {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIT' && 'oclif' in thrown
}
