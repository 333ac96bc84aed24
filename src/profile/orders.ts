import { join } from 'node:path'
import { decode, encode } from './decode.ts'
import type { Folder, FolderWriter } from './folder.ts'
import type { PendingOrder, PendingOrders } from './profile.ts'
import { noteSchema } from './schema.ts'

const NOTES = 'notes.ndjson'

/** How a line begins: those of other nodes need not be decoded. */
const BEGINNING = /^\{"schema":1,"node":(\d+),/

/** A note as it stands in the file. */
interface Line {
  readonly text: string
  /** As editors count. */
  readonly number: number
}

/**
 * Orders under way, a line each in `orders/notes.ndjson`; of several on one node the last holds. A line more in a file costs a
 * fifth of what a file of its own does, and a run makes one for each of its nodes. Notes are struck out by writing those that
 * are left anew, or by removing the file where none is.
 */
export class FilePendingOrders implements PendingOrders {
  constructor(private readonly folder: Folder) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async get(nodeId: number): Promise<PendingOrder | undefined> {
    // Asked for each node of every run, and hardly ever there.
    if (this.folder.lacks(NOTES)) return undefined
    const line = this.lines().findLast((each) => this.nodeOf(each) === nodeId)
    return line === undefined ? undefined : this.noteOf(line).order
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as get
  async all(): Promise<ReadonlyMap<number, PendingOrder>> {
    const notes = this.lines().map((line) => this.noteOf(line))
    return new Map(notes.map(({ node, order }) => [node, order]))
  }

  put(nodeId: number, order: PendingOrder): Promise<void> {
    const line = lineOf(nodeId, order)
    return this.folder.exclusive(async (writer) => {
      const text = this.text()
      if (text === '' || text.endsWith('\n')) await writer.append(NOTES, line)
      else await this.replace(writer, [Buffer.from(wholeLines(text)), line])
    })
  }

  async clear(ended: ReadonlyMap<number, string>): Promise<void> {
    if (this.folder.lacks(NOTES)) return
    await this.folder.exclusive(async (writer) => {
      const all = [...(await this.all())]
      const left = all.filter(([node, { id }]) => ended.get(node) !== id)
      if (left.length === 0) await writer.remove([NOTES])
      else if (left.length < all.length) {
        await this.replace(
          writer,
          left.map(([node, order]) => lineOf(node, order)),
        )
      }
    })
  }

  private replace(writer: FolderWriter, lines: readonly Uint8Array[]): Promise<void> {
    return writer.write(NOTES, Buffer.concat(lines))
  }

  private text(): string {
    return this.folder.read(NOTES)?.toString('utf8') ?? ''
  }

  private lines(): readonly Line[] {
    const texts = wholeLines(this.text()).split('\n').slice(0, -1)
    return texts.map((text, index) => ({ text, number: index + 1 }))
  }

  /** @throws StoreError for a line of which can't be told whose it is: it may be anybody's */
  private nodeOf(line: Line): number {
    const node = BEGINNING.exec(line.text)?.[1]
    return node === undefined ? this.noteOf(line).node : Number(node)
  }

  private noteOf({ text, number }: Line): { readonly node: number; readonly order: PendingOrder } {
    const path = join(this.folder.path, NOTES)
    const { node, id, verb, at, base } = decode(noteSchema, Buffer.from(text), `${path}, line ${number},`, () => [
      `look on the nodes themselves what their last orders came to (akctl nodes show), then remove the line from ${path}`,
    ])
    return { node, order: { id, verb, at, ...(base === undefined ? {} : { base }) } }
  }
}

/** Half a line at the end is of a writer that has died before it sent anything: no order goes before its note is whole. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function lineOf(node: number, order: PendingOrder): Buffer {
  return encode(noteSchema, { schema: 1 as const, node, ...order }, `the note of an order for node ${node}`, 0).bytes
}
