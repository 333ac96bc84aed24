import { parseKeys, splitWords } from '../../../operations/settings/assignments.ts'
import { unsetting, type SettingsChange } from '../../../operations/settings/change.ts'
import { editSettings, type NodeEdit } from '../../../operations/settings/edit.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, outcomeFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { typedFlags } from '../../idle-flags.ts'
import { defaultsFlag, editRunOf, syncFlag } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { settingsEditView } from '../../views/settings.ts'

export default class SettingsUnset extends AkctlCommand {
  static override summary = "take settings of nodes, or the profile's defaults, away again"
  static override description = "Then the profile's default holds, or, where there is none, the configuration of the MTA itself."
  static override examples = [
    '<%= config.bin %> settings unset mx1 dns-lookup-timeout',
    '<%= config.bin %> settings unset --defaults spool-cleaner-timeout',
  ]
  static override strict = false
  static override args = { words: optionalArg('names or ids of nodes, then keys') }
  static override flags = {
    ...selectionFlags,
    ...defaultsFlag,
    ...syncFlag,
    ...changeFlags,
    ...waveFlags,
    ...fanFlags(8),
    ...outcomeFlags,
    ...connectionFlags,
  }

  protected readonly view = settingsEditView('unset')

  protected async perform(context: CliContext): Promise<Report<SettingsChange, NodeEdit>> {
    const { argv, flags, raw } = await this.input(SettingsUnset, context)
    const { nodes, keys } = await splitWords(context, argv.map(String))
    const edit = unsetting(parseKeys(keys).map(({ key }) => key))
    return editSettings(context, edit, editRunOf('settings unset', nodes, flags, typedFlags(raw), this.live(context)))
  }
}
