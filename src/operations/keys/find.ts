import { nearNames } from '../../node/near.ts'
import { NotFoundError } from '../../outcome/errors.ts'
import type { StoredKey } from '../../profile/profile.ts'

/** The error for a key that is not there, with the names that are near. */
export function unknownKey(name: string, keys: readonly StoredKey[]): NotFoundError {
  const near = nearNames(
    name,
    keys.map((key) => key.name),
  )
  return new NotFoundError(`no such key: ${name}`, {
    hints: [
      ...near.map((each) => `did you mean ${each}?`),
      'akctl keys list shows them all',
      `akctl keys create ${name} makes it`,
    ],
  })
}
