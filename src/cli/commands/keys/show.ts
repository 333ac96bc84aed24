import type { KeyUse } from '../../../operations/keys/list.ts'
import { showKey } from '../../../operations/keys/show.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { keysShowView } from '../../views/keys-show.ts'

export default class KeysShow extends AkctlCommand {
  static override summary = 'print the public key: one line for authorized_keys'
  static override description = 'The private part is never printed.'
  static override examples = [
    '<%= config.bin %> keys show fleet',
    "<%= config.bin %> keys show fleet | ssh root@mx1 'cat >> ~/.ssh/authorized_keys'",
  ]
  static override args = { name: wordArg('name of a key') }

  protected readonly view = keysShowView

  protected async perform(context: CliContext): Promise<Report<KeyUse>> {
    const { args } = await this.input(KeysShow, context)
    return { data: await showKey(context, args.name) }
  }
}
