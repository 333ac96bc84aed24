import type { StoredKey } from '../../profile/profile.ts'
import { printable } from '../printable.ts'
import type { View } from './view.ts'

/** A key that was made or taken in: its fingerprint, and the line that lets it in on a server. */
export const keysCreateView: View<StoredKey> = {
  schema: 'keys.create/1',
  table: ({ data }) => ({
    columns: ['NAME', 'FINGERPRINT', 'PUBLIC KEY'],
    rows: data === undefined ? [] : [[data.name, data.fingerprint, data.publicLine]],
  }),
  text: ({ data }, style) =>
    data === undefined
      ? ''
      : `${style.good('made')} ${data.name} ${data.fingerprint}\n${style.dim('for authorized_keys on the server:')}\n${printable(data.publicLine)}\n`,
}

export const keysImportView: View<StoredKey> = {
  ...keysCreateView,
  schema: 'keys.import/1',
  text: ({ data }, style) => (data === undefined ? '' : `${style.good('imported')} ${data.name} ${data.fingerprint}\n`),
}
