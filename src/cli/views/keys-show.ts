import type { KeyUse } from '../../operations/keys/list.ts'
import { printable } from '../printable.ts'
import type { View } from './view.ts'

/** The public line alone, so that it can go straight into authorized_keys. */
export const keysShowView: View<KeyUse> = {
  schema: 'keys.show/1',
  text: ({ data }) => printable(data?.publicLine ?? ''),
  table: ({ data }) => ({ columns: ['PUBLIC KEY'], rows: [[data?.publicLine ?? '']] }),
  names: ({ data }) => [data?.name ?? ''],
}
