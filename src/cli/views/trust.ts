import type { TrustRecord } from '../../node/trust.ts'
import type { Added } from '../../operations/trust/add.ts'
import type { TrustUse } from '../../operations/trust/list.ts'
import type { Table, View } from './view.ts'

export const trustListView: View<readonly TrustUse[]> = { schema: 'trust.list/1', table: ({ data = [] }) => tableOf(data) }

export const trustShowView: View<readonly TrustUse[]> = { ...trustListView, schema: 'trust.show/1' }

export const trustAddView: View<readonly Added[]> = {
  schema: 'trust.add/1',
  table: ({ data = [] }) => ({
    columns: ['ENDPOINT', 'FINGERPRINT', 'TYPE', 'SOURCE'],
    rows: data.flatMap(({ endpoint, accepted }) =>
      accepted.map(({ fingerprint, type = '-', source }) => [endpoint, fingerprint, type, source]),
    ),
  }),
  text: ({ data = [] }, style) =>
    data
      .flatMap(({ endpoint, accepted, new: count }) => {
        const said = count === 0 ? style.dim('already accepted') : style.good('accepted')
        return accepted.map(({ fingerprint, type }) => `${said} ${[endpoint, type, fingerprint].filter(Boolean).join(' ')}\n`)
      })
      .join(''),
}

export const trustRemoveView: View<readonly TrustRecord[]> = {
  schema: 'trust.remove/1',
  table: ({ data = [] }) => ({
    columns: ['ENDPOINT', 'FINGERPRINT'],
    rows: data.map(({ endpoint, fingerprint }) => [endpoint, fingerprint]),
  }),
  text: ({ data = [] }, style) =>
    data.map(({ endpoint, fingerprint }) => `${style.good('no longer accepted:')} ${endpoint} ${fingerprint}\n`).join(''),
}

function tableOf(records: readonly TrustUse[]): Table {
  return {
    columns: ['ENDPOINT', 'KIND', 'TYPE', 'FINGERPRINT', 'ADDED', 'BY', 'SOURCE', 'NODES'],
    rows: records.map(({ endpoint, kind, type = '-', fingerprint, added, by, source, nodes }) => [
      endpoint,
      kind,
      type,
      fingerprint,
      added,
      by,
      source,
      nodes.join(',') || '-',
    ]),
  }
}
