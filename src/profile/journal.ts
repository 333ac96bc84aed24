import { join } from 'node:path'
import { safeParse } from 'valibot'
import type { Folder } from './folder.ts'
import type { DamagedLine, Journal, JournalEntry } from './profile.ts'
import { entrySchema } from './schema.ts'
import { linesBackwards } from './lines-backwards.ts'

/** Bytes after which the journal starts a new file; one old file is kept, so that it takes twice as much at most. */
const ROTATE_AT = 10 * 1024 * 1024

const CURRENT = 'journal.ndjson'
const OLD = 'journal.ndjson.1'

/**
 * The journal in `journal.ndjson`: a line an entry, only ever appended to, on the disk before `append` returns. When a
 * file has reached 10 MiB it becomes `journal.ndjson.1` and replaces the one before: the oldest entries go.
 */
export class FileJournal implements Journal {
  /** @param rotateAt bytes after which a new file is started */
  constructor(
    private readonly folder: Folder,
    private readonly rotateAt = ROTATE_AT,
  ) {}

  async append(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
    await this.folder.exclusive(async (writer) => {
      const size = await writer.append(CURRENT, Buffer.from(text))
      if (size >= this.rotateAt) await writer.move(CURRENT, OLD)
    })
  }

  /** Reads from the end, in blocks, and no more than is needed. */
  async list(
    { node, limit }: { readonly node?: string; readonly limit: number },
    onDamaged?: (line: DamagedLine) => void,
  ): Promise<readonly JournalEntry[]> {
    const found: JournalEntry[] = []
    if (limit <= 0) return found
    const mark = node === undefined ? undefined : JSON.stringify(node)
    for await (const { file, text, fromEnd, ended } of linesBackwards(this.folder, [CURRENT, OLD])) {
      // A look at the text first: most lines of a long journal are about other nodes.
      const other = mark !== undefined && !text.includes(mark)
      if (other && (onDamaged === undefined || jsonOf(text) !== undefined)) continue
      const entry = entryOf(text)
      if (entry === undefined && ended) onDamaged?.({ path: join(this.folder.path, file), fromEnd })
      if (entry === undefined || (node !== undefined && entry.node !== node)) continue
      found.push(entry)
      if (found.length >= limit) break
    }
    return found.reverse()
  }
}

/** The entry of a line, or undefined where it holds none. */
function entryOf(line: string): JournalEntry | undefined {
  const checked = safeParse(entrySchema, jsonOf(line))
  return checked.success ? checked.output : undefined
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
