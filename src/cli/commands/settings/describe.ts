import { describeSettings, type SettingDescription } from '../../../operations/settings/describe.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { settingsDescribeView } from '../../views/settings-describe.ts'

export default class SettingsDescribe extends AkctlCommand {
  static override summary = 'describe settings: what may be given, and what it becomes on each MTA'
  static override description =
    'Per MTA: native (a parameter of its own), nearest (what differs is said), unsupported (and why). Ranges and suggested values are proposals from MTA practice.'
  static override examples = ['<%= config.bin %> settings describe', '<%= config.bin %> settings describe dns-lookup-timeout']
  static override strict = false
  static override args = { key: optionalArg('keys or page labels; all when none is named') }

  private named = false
  protected get view() {
    return settingsDescribeView(this.named)
  }

  protected async perform(context: CliContext): Promise<Report<readonly SettingDescription[]>> {
    const { argv } = await this.input(SettingsDescribe, context)
    this.named = argv.length > 0
    return { data: describeSettings(argv.map(String)) }
  }
}
