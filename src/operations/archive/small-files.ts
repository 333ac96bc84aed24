import { gzipSync } from 'node:zlib'
import type { Header } from 'tar'

const BLOCK = 512
/** Two blocks of zeros end an archive. */
const END = 2 * BLOCK
/** Where a gzip header says on which system it was made; 255: unknown. */
const SYSTEM = 9

/** A file of an archive that is made in memory: a private key must not lie in a temporary file. */
export interface SmallFile {
  readonly path: string
  readonly mode: number
  readonly content: string | Uint8Array
}

/** A symbolic link of an archive. */
export interface Link {
  readonly path: string
  readonly target: string
}

/**
 * The last part of an archive: small files and links, and the end mark, as one gzip member. Members that hold no end
 * mark may stand before it: gunzip joins them. The same bytes for the same files.
 */
export async function lastMember(entries: readonly (SmallFile | Link)[]): Promise<Buffer> {
  const tar = await import('tar')
  const blocks = entries.flatMap((entry) => blocksOf(tar.Header, entry))
  const member = gzipSync(Buffer.concat([...blocks, Buffer.alloc(END)]), { level: 9 })
  member.writeUInt8(255, SYSTEM)
  return member
}

function blocksOf(header: typeof Header, entry: SmallFile | Link): readonly Buffer[] {
  const whose = { uid: 0, gid: 0, mtime: new Date(0) }
  if ('target' in entry) {
    const { path, target } = entry
    return [encoded(new header({ ...whose, path, linkpath: target, type: 'SymbolicLink', mode: 0o777, size: 0 }))]
  }
  const content = Buffer.from(entry.content)
  const { path, mode } = entry
  const head = encoded(new header({ ...whose, path, mode, type: 'File', size: content.length }))
  return [head, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
}

function encoded(header: Header): Buffer {
  const block = Buffer.alloc(BLOCK)
  // True: it would need an extended header. Our paths are short and constant.
  if (header.encode(block)) throw new Error(`${header.path ?? ''} does not fit a plain tar header`)
  return block
}
