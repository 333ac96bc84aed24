import * as Flags from '@oclif/core/flags'
import { listDefaults, listSettings, type SettingLine } from '../../../operations/settings/list.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { selectionFlags } from '../../flags.ts'
import { defaultsFlag, nodesArg, refuseNodes, selectionOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { settingsListView } from '../../views/settings.ts'

export default class SettingsList extends AkctlCommand {
  static override summary = 'list the effective settings of nodes, and where each comes from'
  static override description =
    "ORIGIN: node (set on the node), profile (the profile's default), mta (nobody set it: the MTA's own configuration holds). Without a node, all nodes."
  static override examples = ['<%= config.bin %> settings list mx1', '<%= config.bin %> settings list --defaults --set']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...defaultsFlag,
    set: Flags.boolean({ summary: 'only settings that somebody set' }),
  }

  protected readonly view = settingsListView

  protected async perform(context: CliContext): Promise<Report<readonly SettingLine[], readonly SettingLine[]>> {
    const { argv, flags } = await this.input(SettingsList, context)
    const selection = selectionOf(argv, flags)
    if (!flags.defaults) return { nodes: await listSettings(context, selection, flags.set) }
    refuseNodes(selection)
    return { data: await listDefaults(context, flags.set) }
  }
}
