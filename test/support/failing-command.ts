// A program of its own (bundled and run by test/acceptance/commands-errors.test.ts): the base of all commands, around a
// command that only throws. What it throws, and what it has printed until then, is named on its command line.
import { Config } from '@oclif/core'
import { AkctlCommand } from '../../src/cli/command.ts'
import type { CliContext } from '../../src/cli/context.ts'
import type { Report } from '../../src/cli/report.ts'
import type { View } from '../../src/cli/views/view.ts'
import * as errors from '../../src/outcome/errors.ts'

type Thrower = new (message: string, options: errors.ErrorOptions) => Error

class Failing extends AkctlCommand {
  static override strict = false
  protected readonly view: View = { schema: 'help/1', table: () => ({ columns: [], rows: [] }) }

  protected async perform(context: CliContext): Promise<Report> {
    const { argv } = await this.input(Failing, context)
    context.warn('a warning before the end')
    const name = String(argv[0])
    if (name === 'bug') throw new TypeError('undefined is not a function')
    if (name === 'text') throw 'a text' as unknown as Error
    const Class = (errors as unknown as Record<string, Thrower>)[name]
    if (Class === undefined) throw new Error(`no such class: ${name}`)
    throw new Class('first line\nsecond line', { hints: ['do this'], detail: ['log: \u001b[31mred'] })
  }
}

const [root = '', ...argv] = process.argv.slice(2)
void Config.load(root)
  .then((config) => new Failing(argv, config).run())
  .then((code) => process.exit(code))
