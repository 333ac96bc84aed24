import { type KnownRevision, type NodeRecord, withBase } from '../../node/record.ts'
import type { JournalEntry, Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** Milliseconds in which what a run's orders came to is gathered for one write, as each writes the whole profile. */
export const GATHER = 1000

/** A revision that this profile now knows a node to be at, and the order, still noted, by which it is. */
interface Adopted {
  readonly known: KnownRevision
  readonly orderId: string
}

const NONE: ReadonlySet<string> = new Set()

/**
 * What a run's orders came to: the revisions that they have made, and the journal's lines on them. Both are written many at a
 * time; only then the notes of the orders are struck out, so that the next command finds out what a run that died in between has
 * done, and writes the lines that it did not.
 */
export class Endings {
  private readonly waiting = new Map<number, Adopted>()
  /** What the run's orders have made of each node, written or not. */
  private readonly adopted = new Map<number, KnownRevision>()
  /** The ids of the run's orders on each node. */
  private readonly sent = new Map<number, Set<string>>()
  /** The journal's lines on orders that are among `waiting`. */
  private lines: JournalEntry[] = []
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly context: Context) {}

  /** An order of this run is noted for a node. */
  noted(nodeId: number, orderId: string): void {
    this.sent.set(nodeId, new Set(this.sentTo(nodeId)).add(orderId))
  }

  /** The ids of this run's orders on a node. */
  sentTo(nodeId: number): ReadonlySet<string> {
    return this.sent.get(nodeId) ?? NONE
  }

  /** What the last order of this run that had a say in it has left a node at: newer than what the run has read of the profile. */
  of(nodeId: number): KnownRevision | undefined {
    return this.adopted.get(nodeId)
  }

  /** What an order of this run has made of a node and is not surely in the profile yet: the note of the next order tells it. */
  unwritten(nodeId: number): KnownRevision | undefined {
    return this.waiting.get(nodeId)?.known
  }

  /** An order has ended that made no revision. Its note stays while a revision of an order before it is not yet written. */
  async ended(profile: Profile, nodeId: number, orderId: string): Promise<void> {
    const before = this.waiting.get(nodeId)
    if (before === undefined) await profile.orders.clear(new Map([[nodeId, orderId]]))
    else this.waiting.set(nodeId, { ...before, orderId })
  }

  /** A node is at a revision by an order of this run. It is written soon, at the latest by `flush`. */
  adopt(profile: Profile, nodeId: number, known: KnownRevision, orderId: string): void {
    this.waiting.set(nodeId, { known, orderId })
    this.adopted.set(nodeId, known)
    this.timer ??= setTimeout(() => void this.flush(profile), GATHER)
  }

  /** Writes the journal's line on a node: soon, where the note of its order waits, too, and else at once. */
  async journal(profile: Profile, nodeId: number, line: JournalEntry): Promise<void> {
    if (this.waiting.has(nodeId)) this.lines.push(line)
    else await this.append(profile, [line])
  }

  /** Writes what is not yet written. What was done on the nodes is done: trouble is a warning, the notes stay, and the next flush tries again. */
  flush(profile: Profile): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.write(profile))
    return this.writing
  }

  private async write(profile: Profile): Promise<void> {
    const all = new Map(this.waiting)
    await this.append(profile, this.lines.splice(0))
    if (all.size === 0) return
    try {
      await this.adoptAll(profile, all)
      for (const [id, adopted] of all) if (this.waiting.get(id) === adopted) this.waiting.delete(id)
      await this.append(profile, this.lines.splice(0)) // what came meanwhile: no note goes before its line is written
      await profile.orders.clear(new Map([...all].map(([id, { orderId }]) => [id, orderId])))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.context.warn(`what was done could not be written to the profile; the next command finds it out on the nodes: ${why}`)
    }
  }

  /** What was done is done: its outcome matters more than the journal's trouble. */
  private async append(profile: Profile, lines: readonly JournalEntry[]): Promise<void> {
    if (lines.length === 0) return
    try {
      await profile.journal.append(lines)
    } catch (error) {
      const nodes = lines.map(({ node = '' }) => node).join(' ')
      this.context.warn(`${nodes}: the journal could not be written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /**
   * A node that was deleted meanwhile stays deleted. One whose note is gone, or another's, was settled by another process,
   * which has written a revision that is no older.
   */
  private async adoptAll(profile: Profile, adopted: ReadonlyMap<number, Adopted>): Promise<void> {
    const bases = new Map<number, KnownRevision>()
    const notes = await profile.orders.all()
    for (const [id, { known, orderId }] of adopted) {
      const note = notes.get(id)?.id
      if (note !== undefined && (note === orderId || this.sentTo(id).has(note))) bases.set(id, known)
    }
    const rebased = (node: NodeRecord): NodeRecord => (bases.has(node.id) ? withBase(node, bases.get(node.id)) : node)
    const { nodes } = await profile.read()
    if (nodes.every((node) => isSameBase(node, rebased(node)))) return
    await profile.update((data) => ({
      data: {
        ...data,
        nodes: data.nodes.map(rebased),
      },
      result: undefined,
    }))
  }
}

function isSameBase(one: NodeRecord, other: NodeRecord): boolean {
  return one.baseRevision === other.baseRevision && one.baseRevisionId === other.baseRevisionId
}
