import * as Flags from '@oclif/core/flags'
import { protectProfile, type Protected } from '../../../operations/profiles/protect.ts'
import type { ProtectionWish } from '../../../operations/secrets/choice.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { unlockFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { profilesProtectView } from '../../views/profiles.ts'

/** The flags that say what protects secrets from now on; exactly one of them. */
const WISHES = ['new-passphrase', 'new-passphrase-file', 'new-key-file', 'keyring', 'plaintext'] as const

export default class ProfilesProtect extends AkctlCommand {
  static override summary = 'change what protects the stored secrets (API keys) of a profile'
  static override description =
    'All secrets are encrypted anew in one write; a copy under the old protection stays nowhere in the store. What unlocks them now is given as always: --passphrase-file, --secrets-key-file, their variables, or an answer. Which protection costs what: docs/security.md.'
  static override examples = [
    '<%= config.bin %> profiles protect --keyring',
    '<%= config.bin %> profiles protect prod --new-key-file /etc/akctl/prod.key --passphrase-file old',
  ]
  static override args = { name: optionalArg('name of a profile; the one in use when left out') }
  static override flags = {
    'new-passphrase': Flags.boolean({ summary: 'by a passphrase that is asked for' }),
    'new-passphrase-file': Flags.string({ summary: 'by the passphrase in this file' }),
    'new-key-file': Flags.string({ summary: 'by the key in this file, which is made if it is not there' }),
    keyring: Flags.boolean({ summary: "by a key in your desktop's keyring (Secret Service)" }),
    plaintext: Flags.boolean({ summary: 'not at all: they are kept as they are' }),
    ...unlockFlags,
  }

  protected readonly view = profilesProtectView

  protected async perform(context: CliContext): Promise<Report<Protected>> {
    const { args, flags } = await this.input(ProfilesProtect, context)
    const given = WISHES.filter((name) => flags[name] !== undefined && flags[name] !== false)
    if (given.length !== 1) throw new UsageError(`give exactly one of --${WISHES.join(', --')}`)
    return { data: await protectProfile(context, args.name, wishOf(flags)) }
  }
}

type Given = Readonly<Partial<Record<(typeof WISHES)[number], string | boolean | undefined>>>

function wishOf({ 'new-passphrase-file': passphrase, 'new-key-file': key, keyring, plaintext }: Given): ProtectionWish {
  if (plaintext === true) return { kind: 'plain' }
  if (keyring === true) return { kind: 'keyring' }
  if (typeof key === 'string') return { kind: 'key-file', file: key }
  return typeof passphrase === 'string' ? { kind: 'passphrase', file: passphrase } : { kind: 'passphrase' }
}
