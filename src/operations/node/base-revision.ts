import type { Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** Milliseconds in which the revisions of a run's nodes are gathered for one write, as each writes the whole profile. */
export const GATHER = 1000

/** A revision that this profile now knows a node to be at, and the order, still noted, that made it. */
interface Adopted {
  readonly revision: number
  readonly orderId: string
}

/**
 * The revisions that a run's orders have made. They go into the profile many at a time; only then the notes of their
 * orders are struck out, so that the next command finds out what a run that died in between has done.
 */
export class BaseRevisions {
  private readonly waiting = new Map<number, Adopted>()
  /** The run's last order on each node. */
  private readonly sent = new Map<number, string>()
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly context: Context) {}

  /** An order of this run is noted for a node. */
  noted(nodeId: number, orderId: string): void {
    this.sent.set(nodeId, orderId)
  }

  /** An order has ended that made no revision. Its note stays while a revision of an order before it is not yet written. */
  async ended(profile: Profile, nodeId: number, orderId: string): Promise<void> {
    const before = this.waiting.get(nodeId)
    if (before === undefined) await profile.orders.clear(nodeId, orderId)
    else this.waiting.set(nodeId, { ...before, orderId })
  }

  /** A node is at a revision by an order of this run. It is written soon, at the latest by `flush`. */
  adopt(profile: Profile, nodeId: number, revision: number, orderId: string): void {
    this.waiting.set(nodeId, { revision, orderId })
    this.timer ??= setTimeout(() => void this.flush(profile), GATHER)
  }

  /** Writes what is not yet written. What was done on the nodes is done: trouble is a warning, and the notes stay. */
  flush(profile: Profile): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.write(profile))
    return this.writing
  }

  private async write(profile: Profile): Promise<void> {
    const all = new Map(this.waiting)
    if (all.size === 0) return
    this.waiting.clear()
    try {
      await this.adoptAll(profile, all)
      for (const [id, { orderId }] of all) await profile.orders.clear(id, orderId)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.context.warn(`what was done could not be written to the profile; the next command finds it out on the nodes: ${why}`)
    }
  }

  /**
   * A node that was deleted meanwhile stays deleted. One whose note is gone, or another's, was settled by another process,
   * which has written a revision that is no older.
   */
  private async adoptAll(profile: Profile, adopted: ReadonlyMap<number, Adopted>): Promise<void> {
    const revisions = new Map<number, number>()
    for (const [id, { revision, orderId }] of adopted) {
      const note = (await profile.orders.get(id))?.id
      if (note !== undefined && (note === orderId || note === this.sent.get(id))) revisions.set(id, revision)
    }
    const { nodes } = await profile.read()
    if (nodes.every(({ id, baseRevision }) => !revisions.has(id) || revisions.get(id) === baseRevision)) return
    await profile.update((data) => ({
      data: {
        ...data,
        nodes: data.nodes.map((node) => {
          const baseRevision = revisions.get(node.id)
          return baseRevision === undefined ? node : { ...node, baseRevision }
        }),
      },
      result: undefined,
    }))
  }
}
