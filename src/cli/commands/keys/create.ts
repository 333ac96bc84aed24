import * as Flags from '@oclif/core/flags'
import { createKey } from '../../../operations/keys/create.ts'
import type { StoredKey } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { passphraseFlags } from '../../flags.ts'
import { newPassphrase } from '../../new-passphrase.ts'
import type { Report } from '../../report.ts'
import { keysCreateView } from '../../views/keys-create.ts'

export default class KeysCreate extends AkctlCommand {
  static override summary = 'make an SSH key (ed25519)'
  static override description =
    'The private key stays in the profile as an OpenSSH file of mode 0600; the public line is printed. A passphrase is asked for, or comes from stdin, a file or AKCTL_PASSPHRASE.'
  static override examples = [
    '<%= config.bin %> keys create fleet',
    'pass show akctl | <%= config.bin %> keys create fleet --passphrase-stdin',
    '<%= config.bin %> keys create cron --no-passphrase',
  ]
  static override args = { name: wordArg('name of the new key') }
  static override flags = {
    comment: Flags.string({ summary: 'comment in the public line' }),
    ...passphraseFlags,
    'no-passphrase': Flags.boolean({ summary: 'a key without a passphrase; nothing is asked' }),
  }

  protected readonly view = keysCreateView

  protected async perform(context: CliContext): Promise<Report<StoredKey>> {
    const { args, flags } = await this.input(KeysCreate, context)
    const { comment } = flags
    const passphrase = (): Promise<string | undefined> => newPassphrase(context, flags)
    const wanted = { name: args.name, passphrase, ...(comment === undefined ? {} : { comment }) }
    return { data: await createKey(context, wanted) }
  }
}
