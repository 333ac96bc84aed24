import { nearNames } from '../../node/near.ts'
import { NotFoundError } from '../../outcome/errors.ts'

/** The error for a key that is not there, with the names that are near. @param names of the keys that are */
export function unknownKey(name: string, names: readonly string[]): NotFoundError {
  const near = nearNames(name, names)
  return new NotFoundError(`no such key: ${name}`, {
    hints: [
      ...near.map((each) => `did you mean ${each}?`),
      'akctl keys list shows them all',
      `akctl keys create ${name} makes it`,
    ],
  })
}
