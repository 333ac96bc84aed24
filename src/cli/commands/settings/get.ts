import { UsageError } from '../../../outcome/errors.ts'
import { getSetting, type SettingLine } from '../../../operations/settings/list.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { defaultsFlag } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { settingsGetView } from '../../views/settings.ts'

export default class SettingsGet extends AkctlCommand {
  static override summary = 'print the effective value of one setting'
  static override description = 'Prints nothing when nobody set it: then the configuration of the MTA itself holds.'
  static override examples = [
    '<%= config.bin %> settings get mx1 dns-lookup-timeout',
    '<%= config.bin %> settings get --defaults dns-lookup-timeout',
  ]
  static override args = {
    node: optionalArg('name or id of a node (none with --defaults)'),
    key: optionalArg('key or page label'),
  }
  static override flags = defaultsFlag

  protected readonly view = settingsGetView

  protected async perform(context: CliContext): Promise<Report<SettingLine>> {
    const { args, flags } = await this.input(SettingsGet, context)
    const words = [args.node, args.key].filter((word) => word !== undefined)
    const [first, second] = words
    if (first === undefined || words.length !== (flags.defaults ? 1 : 2)) {
      throw new UsageError(`give ${flags.defaults ? 'a key and no node' : 'a node and a key'}`, {
        hints: ['akctl settings get NODE KEY', 'akctl settings get --defaults KEY'],
      })
    }
    return { data: second === undefined ? await getSetting(context, undefined, first) : await getSetting(context, first, second) }
  }
}
