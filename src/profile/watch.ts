import type { Folder } from './folder.ts'
import { JsonFile } from './json-file.ts'
import type { WatchedNode, WatchStore } from './profile.ts'
import { watchSchema } from './schema.ts'

interface WatchData {
  readonly schema: 1
  readonly nodes: readonly WatchedNode[]
}

/** What a watch keeps, in `watch.json`; who watches holds the lock `.watch`. */
export class FileWatchStore implements WatchStore {
  private readonly file: JsonFile<WatchData>

  constructor(private readonly folder: Folder) {
    const loses = 'only which restarts were tried lately'
    this.file = new JsonFile<WatchData>(folder, 'watch.json', watchSchema, { schema: 1, nodes: [] }, 'plain', loses)
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async read(): Promise<readonly WatchedNode[]> {
    return this.file.read().nodes
  }

  write(nodes: readonly WatchedNode[]): Promise<void> {
    return this.file.update(() => ({ data: { schema: 1, nodes }, result: undefined }))
  }

  async alone<T>(work: () => Promise<T>): Promise<{ readonly result: T } | { readonly other: string }> {
    const lock = await this.folder.lockFile('.watch')
    return (await lock.attempt(work)) ?? { other: lock.holder() || 'another process' }
  }
}
