import type { DamagedKeyUse, KeyUse } from '../../operations/keys/list.ts'
import type { View } from './view.ts'

export const keysListView: View<readonly (KeyUse | DamagedKeyUse)[]> = {
  schema: 'keys.list/1',
  table: ({ data = [] }) => ({
    columns: ['NAME', 'TYPE', 'FINGERPRINT', 'PASSPHRASE', 'USED BY', 'COMMENT'],
    rows: data.map((key) => {
      const users = key.usedBy.join(',') || '-'
      if ('damaged' in key) return [key.name, 'damaged', '-', '-', users, '']
      return [key.name, key.type, key.fingerprint, key.encrypted ? 'yes' : 'no', users, key.comment]
    }),
  }),
}
