import * as Flags from '@oclif/core/flags'
import { type DeletedKey, deleteKey } from '../../../operations/keys/delete.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import { consentByYes } from '../../consent.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { keysDeleteView } from '../../views/keys-delete.ts'

export default class KeysDelete extends AkctlCommand {
  static override summary = 'delete a stored key; refused while a node uses it'
  static override examples = ['<%= config.bin %> keys delete old --yes']
  static override args = { name: wordArg('name of a key') }
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'do not ask' }) }

  protected readonly view = keysDeleteView

  protected async perform(context: CliContext): Promise<Report<DeletedKey>> {
    const { args, flags } = await this.input(KeysDelete, context)
    const consent = ({ name, fingerprint = 'damaged' }: DeletedKey): Promise<void> =>
      consentByYes(context, `the private key ${name} (${fingerprint})`, flags.yes)
    return { data: await deleteKey(context, args.name, consent) }
  }
}
