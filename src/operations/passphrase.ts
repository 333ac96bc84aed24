import { readFile } from 'node:fs/promises'
import { UsageError } from '../outcome/errors.ts'
import type { Context } from './context.ts'

/**
 * The passphrase of a stored key: from `--passphrase-file`, else `AKCTL_PASSPHRASE`, else asked for. Never from argv.
 * @throws UsageError when nobody can be asked, naming the flag
 */
export async function keyPassphrase(context: Context, key: string): Promise<string> {
  const file = context.run.passphraseFile
  if (file !== undefined) return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  const given = context.env['AKCTL_PASSPHRASE']
  if (given !== undefined && given !== '') return given
  if (context.prompter.canAsk) return context.prompter.secret(`Passphrase of the key ${key}`)
  throw new UsageError(`the key ${key} is protected by a passphrase`, {
    hints: ['give --passphrase-file FILE, or set AKCTL_PASSPHRASE'],
  })
}
