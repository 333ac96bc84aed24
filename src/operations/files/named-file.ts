import { readFile } from 'node:fs/promises'
import { UsageError } from '../../outcome/errors.ts'
import { errnoOf, reasonOf } from '../../profile/store-errors.ts'

/** What these mean for a file that somebody else than akctl has made. */
const MEANINGS: Readonly<Record<string, string>> = {
  ELOOP: 'its symbolic links lead nowhere',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'no file can have a name that long',
}

/** The text of a file that the user names. @param what it is, as for `unreadable` @throws UsageError when it can't be read */
export async function textOfNamed(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(what, file, error)
  }
}

/**
 * The error for a file that the user names and that can't be read.
 * @param what it is, for the message: `passphrase file`
 * @param cause why it can't
 */
export function unreadable(what: string, file: string, cause: unknown, hints: readonly string[] = []): UsageError {
  const errno = errnoOf(cause)
  if (errno === 'ENOENT') return new UsageError(`there is no ${what} ${file}`, { hints })
  return new UsageError(`cannot read the ${what} ${file}: ${MEANINGS[errno ?? ''] ?? reasonOf(cause)}`, { cause })
}
