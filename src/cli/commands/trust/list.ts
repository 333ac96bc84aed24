import { type TrustUse, listTrust } from '../../../operations/trust/list.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { trustListView } from '../../views/trust.ts'

export default class TrustList extends AkctlCommand {
  static override summary = 'list the accepted identities of servers'
  static override examples = ['<%= config.bin %> trust list', '<%= config.bin %> trust list --json']

  protected readonly view = trustListView

  protected async perform(context: CliContext): Promise<Report<readonly TrustUse[]>> {
    await this.input(TrustList, context)
    return { data: await listTrust(context) }
  }
}
