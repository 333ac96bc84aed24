import type { TrustRecord } from '../node/trust.ts'
import { UsageError } from '../outcome/errors.ts'
import type { Folder } from './folder.ts'
import { JsonFile } from './json-file.ts'
import type { TrustStore } from './profile.ts'
import { trustSchema } from './schema.ts'

/** Two identities at once let a server's key be changed without a gap; more would only hide old ones. */
const AT_MOST = 2

interface TrustData {
  readonly schema: 1
  readonly records: readonly TrustRecord[]
}

/** The accepted identities, in `trust.json`. */
export class FileTrustStore implements TrustStore {
  private readonly file: JsonFile<TrustData>

  constructor(folder: Folder) {
    this.file = new JsonFile<TrustData>(folder, 'trust.json', trustSchema, { schema: 1, records: [] })
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async list(): Promise<readonly TrustRecord[]> {
    return this.file.read().records
  }

  add(records: readonly TrustRecord[]): Promise<number> {
    return this.file.update(({ records: kept }) => {
      const all = records.reduce(withRecord, kept)
      return { data: { schema: 1, records: all }, result: all.length - kept.length }
    })
  }

  remove(endpoint: string, fingerprint?: string): Promise<readonly TrustRecord[]> {
    const matches = (record: TrustRecord): boolean =>
      record.endpoint === endpoint && (fingerprint === undefined || record.fingerprint === fingerprint)
    return this.file.update(({ records }) => ({
      data: { schema: 1, records: records.filter((record) => !matches(record)) },
      result: records.filter(matches),
    }))
  }
}

function withRecord(kept: readonly TrustRecord[], record: TrustRecord): readonly TrustRecord[] {
  const same = kept.filter(({ endpoint, kind }) => endpoint === record.endpoint && kind === record.kind)
  if (same.some(({ fingerprint }) => fingerprint === record.fingerprint)) return kept
  if (same.length < AT_MOST) return [...kept, record]
  throw new UsageError(`${record.endpoint} has ${same.length} accepted ${record.kind} identities already, which is the most`, {
    hints: same.map(
      ({ endpoint, fingerprint, added }) =>
        `remove the one that is no longer used: akctl trust remove ${endpoint} --fingerprint ${fingerprint} (added ${added})`,
    ),
  })
}
