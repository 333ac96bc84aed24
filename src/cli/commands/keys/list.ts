import { type DamagedKeyUse, type KeyUse, listKeys } from '../../../operations/keys/list.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { keysListView } from '../../views/keys-list.ts'

export default class KeysList extends AkctlCommand {
  static override summary = 'list stored SSH keys with their fingerprints and the nodes that use them'
  static override examples = ['<%= config.bin %> keys list', '<%= config.bin %> keys list -o name']

  protected readonly view = keysListView

  protected async perform(context: CliContext): Promise<Report<readonly (KeyUse | DamagedKeyUse)[]>> {
    await this.input(KeysList, context)
    return { data: await listKeys(context) }
  }
}
