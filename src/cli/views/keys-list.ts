import type { KeyUse } from '../../operations/keys/list.ts'
import type { View } from './view.ts'

export const keysListView: View<readonly KeyUse[]> = {
  schema: 'keys.list/1',
  table: ({ data = [] }) => ({
    columns: ['NAME', 'TYPE', 'FINGERPRINT', 'PASSPHRASE', 'USED BY', 'COMMENT'],
    rows: data.map(({ name, type, fingerprint, encrypted, usedBy, comment }) => [
      name,
      type,
      fingerprint,
      encrypted ? 'yes' : 'no',
      usedBy.join(',') || '-',
      comment,
    ]),
  }),
}
