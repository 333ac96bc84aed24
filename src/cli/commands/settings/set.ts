import { parseAssignments } from '../../../operations/settings/assignments.ts'
import { setting, type SettingsChange } from '../../../operations/settings/change.ts'
import { editSettings, type NodeEdit } from '../../../operations/settings/edit.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, outcomeFlags, selectionFlags, waveFlags } from '../../flags.ts'
import { typedFlags } from '../../idle-flags.ts'
import { defaultsFlag, editRunOf, syncFlag } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { settingsEditView } from '../../views/settings.ts'

export default class SettingsSet extends AkctlCommand {
  static override summary = "set settings of nodes, or the profile's defaults"
  static override description =
    'Changes the profile only; `mta sync` (or --sync) tells the nodes. Durations: 30s, 5m, 7d, or a bare number in the unit of the key. Switches: on, off. The label of the page does for a key.'
  static override examples = [
    '<%= config.bin %> settings set mx1 dns-lookup-timeout=5s spool-channel-size=200',
    '<%= config.bin %> settings set --defaults spool-cleaner-timeout=5d',
    "<%= config.bin %> settings set -l role=relay 'ESMTP connection timeout=30s' --sync",
  ]
  static override strict = false
  static override args = { words: optionalArg('names or ids of nodes, and key=value for every setting') }
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

  protected readonly view = settingsEditView('set')

  protected async perform(context: CliContext): Promise<Report<SettingsChange, NodeEdit>> {
    const { argv, flags, raw } = await this.input(SettingsSet, context)
    const words = argv.map(String)
    const values = words.filter(isAssignment)
    if (values.length === 0) {
      throw new UsageError('no setting given', { hints: ['akctl settings set NODE key=value', 'keys: akctl settings describe'] })
    }
    const nodes = words.filter((word) => !isAssignment(word))
    const edit = setting(parseAssignments(values))
    return editSettings(context, edit, editRunOf('settings set', nodes, flags, typedFlags(raw), this.live(context)))
  }
}

/** A path of a file of nodes may hold `=` too. */
function isAssignment(word: string): boolean {
  return word.includes('=') && !word.startsWith('@')
}
