import { UsageError } from '../../outcome/errors.ts'
import { errnoOf, reasonOf } from '../../profile/store-errors.ts'

/** What these mean for a file that somebody else than akctl has made. */
const MEANINGS: Readonly<Record<string, string>> = {
  ELOOP: 'its symbolic links lead nowhere',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'no file can have a name that long',
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
