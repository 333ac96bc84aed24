import type { Context } from '../../operations/context.ts'
import { AkctlCommand } from '../command.ts'
import { type HelpPage, helpPage } from '../help-text.ts'
import type { Report } from '../report.ts'
import { helpView } from '../views/help.ts'

export default class HelpCommand extends AkctlCommand {
  static override summary = 'show the help of a command, or the exit codes'
  static override usage = 'help [COMMAND | exit-codes]'
  static override strict = false
  static override examples = ['<%= config.bin %> help nodes create', '<%= config.bin %> help exit-codes']

  protected readonly view = helpView

  protected async perform(context: Context): Promise<Report<HelpPage>> {
    const { argv } = await this.input(HelpCommand, context)
    return { data: await helpPage(this.config, argv as string[]) }
  }
}
