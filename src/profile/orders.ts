import { join } from 'node:path'
import { decode, encode } from './decode.ts'
import type { Folder } from './folder.ts'
import type { PendingOrder, PendingOrders } from './profile.ts'
import { orderSchema } from './schema.ts'

/** Orders under way, in `orders/NODEID`. */
export class FilePendingOrders implements PendingOrders {
  constructor(private readonly folder: Folder) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async get(nodeId: number): Promise<PendingOrder | undefined> {
    // Asked for each node of every run, and hardly ever there.
    if (this.folder.lacks(String(nodeId))) return undefined
    const bytes = this.folder.read(String(nodeId))
    if (bytes === undefined) return undefined
    const path = join(this.folder.path, String(nodeId))
    const { id, verb, at, base } = decode(orderSchema, bytes, path, () => [
      'look on the node itself what its last order came to (akctl nodes show), then remove the file',
    ])
    return { id, verb, at, ...(base === undefined ? {} : { base }) }
  }

  put(nodeId: number, order: PendingOrder): Promise<void> {
    const { bytes } = encode(orderSchema, { schema: 1 as const, ...order }, `orders/${nodeId}`)
    return this.folder.exclusive((writer) => writer.write(String(nodeId), bytes))
  }

  async clear(ended: ReadonlyMap<number, string>): Promise<void> {
    if ([...ended.keys()].every((nodeId) => this.folder.lacks(String(nodeId)))) return
    await this.folder.exclusive(async (writer) => {
      const gone: string[] = []
      for (const [nodeId, orderId] of ended) if ((await this.get(nodeId))?.id === orderId) gone.push(String(nodeId))
      if (gone.length > 0) await writer.remove(gone)
    })
  }
}
