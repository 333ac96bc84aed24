import { importKey } from '../../../operations/keys/import.ts'
import { UsageError } from '../../../outcome/errors.ts'
import type { StoredKey } from '../../../profile/profile.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { passphraseFlags } from '../../flags.ts'
import { bytesOf } from '../../input-file.ts'
import { knownPassphrase } from '../../new-passphrase.ts'
import type { Report } from '../../report.ts'
import { keysImportView } from '../../views/keys-create.ts'

export default class KeysImport extends AkctlCommand {
  static override summary = 'take an SSH private key into the profile'
  static override description = 'The file is copied, passphrase and all; the original is left alone.'
  static override examples = [
    '<%= config.bin %> keys import fleet ~/.ssh/id_ed25519',
    'ssh-keygen-wrapper | <%= config.bin %> keys import fleet -',
  ]
  static override args = {
    name: wordArg('name of the key in the profile'),
    file: wordArg('private key file, OpenSSH or PEM; - for stdin'),
  }
  static override flags = passphraseFlags

  protected readonly view = keysImportView

  protected async perform(context: CliContext): Promise<Report<StoredKey>> {
    const { args, flags } = await this.input(KeysImport, context)
    if (args.file === '-' && flags['passphrase-stdin']) {
      throw new UsageError('the key and its passphrase cannot both come from stdin', { hints: ['give --passphrase-file FILE'] })
    }
    const passphrase = (): Promise<string | undefined> => knownPassphrase(context, flags)
    return { data: await importKey(context, { name: args.name, bytes: () => bytesOf(context, args.file), passphrase }) }
  }
}
