import { type TrustUse, showTrust } from '../../../operations/trust/list.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { trustShowView } from '../../views/trust.ts'

export default class TrustShow extends AkctlCommand {
  static override summary = 'show what is accepted for a node and its jump host, or at one endpoint'
  static override examples = ['<%= config.bin %> trust show mx1', '<%= config.bin %> trust show 203.0.113.5:22']
  static override args = { target: wordArg('a node, or an endpoint: host:port') }

  protected readonly view = trustShowView

  protected async perform(context: CliContext): Promise<Report<readonly TrustUse[]>> {
    const { args } = await this.input(TrustShow, context)
    return { data: await showTrust(context, args.target) }
  }
}
