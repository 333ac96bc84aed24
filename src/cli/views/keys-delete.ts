import type { DeletedKey } from '../../operations/keys/delete.ts'
import type { View } from './view.ts'

export const keysDeleteView: View<DeletedKey> = {
  schema: 'keys.delete/1',
  table: ({ data }) => ({
    columns: ['NAME', 'FINGERPRINT'],
    rows: data === undefined ? [] : [[data.name, data.fingerprint ?? '-']],
  }),
  text: ({ data }, style) => (data === undefined ? '' : `${style.good('deleted')} the key ${data.name}\n`),
}
