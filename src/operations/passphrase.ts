import { UsageError } from '../outcome/errors.ts'
import type { Context } from './context.ts'
import { textOfNamed } from './files/named-file.ts'

/**
 * The passphrase of a stored key: from `--passphrase-file`, else `AKCTL_PASSPHRASE`, else asked for. Never from argv.
 * @throws UsageError when nobody can be asked, naming the flag, or the file can't be read
 */
export async function keyPassphrase(context: Context, key: string): Promise<string> {
  const source = passphraseSource(context)
  switch (source?.kind) {
    case 'file':
      return readPassphraseFile(source.file)
    case 'given':
      return source.passphrase
    case 'user':
      return context.prompter.secret(`Passphrase of the key ${key}`)
    case undefined:
      throw passphraseMissing(key)
  }
}

type PassphraseSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'given'; readonly passphrase: string }
  | { readonly kind: 'user' }

/** Where the passphrase of a stored key would come from; undefined: from nowhere. */
export function passphraseSource({ run, env, prompter }: Context): PassphraseSource | undefined {
  const { passphraseFile: file } = run
  if (file !== undefined) return { kind: 'file', file }
  const passphrase = env['AKCTL_PASSPHRASE']
  if (passphrase !== undefined && passphrase !== '') return { kind: 'given', passphrase }
  return prompter.canAsk ? { kind: 'user' } : undefined
}

/** The error where a key's passphrase comes from nowhere. */
export function passphraseMissing(key: string): UsageError {
  return new UsageError(`the key ${key} is protected by a passphrase`, {
    hints: ['give --passphrase-file FILE, or set AKCTL_PASSPHRASE'],
  })
}

/** The passphrase in a file. @throws UsageError when it can't be read, or is more than a line */
export async function readPassphraseFile(file: string): Promise<string> {
  return passphraseLine(await textOfNamed('passphrase file', file), file)
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
