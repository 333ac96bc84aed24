import { pullSettings, type PullResult } from '../../../operations/settings/pull.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { settingsPullView } from '../../views/settings.ts'

export default class SettingsPull extends AkctlCommand {
  static override summary = 'take over into the profile what a node was told'
  static override description =
    "After somebody else's change: what the node has becomes its settings in this profile. Nothing is changed on the node."
  static override examples = ['<%= config.bin %> settings pull mx1 --dry-run', '<%= config.bin %> settings pull mx1']
  static override args = { node: wordArg('name or id of a node') }
  static override flags = { 'dry-run': changeFlags['dry-run'], reason: changeFlags.reason, ...connectionFlags }

  protected readonly view = settingsPullView

  protected async perform(context: CliContext): Promise<Report<undefined, PullResult>> {
    const { args, flags } = await this.input(SettingsPull, context)
    const { 'dry-run': dryRun, reason } = flags
    return { nodes: await pullSettings(context, args.node, { dryRun, reason }) }
  }
}
