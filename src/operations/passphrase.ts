import { readFile } from 'node:fs/promises'
import { UsageError } from '../outcome/errors.ts'
import type { Context } from './context.ts'

/**
 * The passphrase of a stored key: from `--passphrase-file`, else `AKCTL_PASSPHRASE`, else asked for. Never from argv.
 * @throws UsageError when nobody can be asked, naming the flag, or the file can't be read
 */
export async function keyPassphrase(context: Context, key: string): Promise<string> {
  const file = context.run.passphraseFile
  if (file !== undefined) return passphraseLine(await readPassphraseFile(file), file)
  const given = context.env['AKCTL_PASSPHRASE']
  if (given !== undefined && given !== '') return given
  if (context.prompter.canAsk) return context.prompter.secret(`Passphrase of the key ${key}`)
  throw new UsageError(`the key ${key} is protected by a passphrase`, {
    hints: ['give --passphrase-file FILE, or set AKCTL_PASSPHRASE'],
  })
}

/** The text of a passphrase file. @throws UsageError when it can't be read */
export async function readPassphraseFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the passphrase file: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * The one line of a text; its end belongs to the editor, not to the passphrase.
 * @param source where it came from, for the message
 * @throws UsageError when it is empty or has more than one line
 */
export function passphraseLine(text: string, source: string): string {
  const line = text.replace(/\r?\n$/, '')
  if (line === '') throw new UsageError(`the passphrase from ${source} is empty`)
  if (/[\r\n]/.test(line)) throw new UsageError(`the passphrase from ${source} has more than one line`)
  return line
}
