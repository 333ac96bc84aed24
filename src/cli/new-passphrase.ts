import { passphraseLine, readPassphraseFile } from '../operations/passphrase.ts'
import { UsageError } from '../outcome/errors.ts'
import type { CliContext } from './context.ts'

/** Where a passphrase may come from; never from the command line itself, which every user of the machine can read. */
export interface PassphraseFlags {
  readonly 'passphrase-stdin': boolean
  readonly 'passphrase-file'?: string | undefined
  readonly 'no-passphrase'?: boolean
}

/**
 * The passphrase a new key gets: from stdin, a file, AKCTL_PASSPHRASE, or asked for twice.
 * @returns undefined when the key is to have none (an empty answer, `--no-passphrase`, or nobody to ask)
 */
export async function newPassphrase(context: CliContext, flags: PassphraseFlags): Promise<string | undefined> {
  if (flags['no-passphrase'] === true) return undefined
  const given = await givenPassphrase(context, flags)
  if (given !== undefined) return given
  if (!context.prompter.canAsk) {
    context.note('the key gets no passphrase: give --passphrase-stdin, --passphrase-file or AKCTL_PASSPHRASE for one')
    return undefined
  }
  const first = await context.prompter.secret('Passphrase of the new key (empty for none)')
  if (first === '') return undefined
  if ((await context.prompter.secret('The same again')) !== first)
    throw new UsageError('the two passphrases differ; nothing was made')
  return first
}

/**
 * The passphrase of a key that is taken in.
 * @returns undefined when nobody can be asked: the store then says that it is missing
 */
export async function knownPassphrase(context: CliContext, flags: PassphraseFlags): Promise<string | undefined> {
  const given = await givenPassphrase(context, flags)
  if (given !== undefined) return given
  return context.prompter.canAsk ? context.prompter.secret('Passphrase of the key') : undefined
}

async function givenPassphrase(context: CliContext, flags: PassphraseFlags): Promise<string | undefined> {
  const { 'passphrase-file': file } = flags
  if (flags['passphrase-stdin']) return passphraseLine(await context.stdin('--passphrase-stdin'), 'stdin')
  if (file !== undefined) return readPassphraseFile(file)
  const variable = context.env['AKCTL_PASSPHRASE'] ?? ''
  return variable === '' ? undefined : variable
}
