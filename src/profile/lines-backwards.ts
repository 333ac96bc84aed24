import type { FileHandle } from 'node:fs/promises'
import type { Folder } from './folder.ts'

const BLOCK = 64 * 1024
const NEWLINE = 10

/** One line of a file. */
export interface FileLine {
  readonly file: string
  readonly text: string
  /** As `tail -n` counts: 1 for the last line of its file. */
  readonly fromEnd: number
  /** False for a last line that has no end: its writer was cut off. */
  readonly ended: boolean
}

/**
 * The lines of several files, newest file first and last line first, read in blocks from the end: a huge file is never
 * held whole. A file that is missing has no lines; one that was renamed to the next name meanwhile is read once.
 * @param names in the order in which to read them
 * @throws StoreError
 */
export async function* linesBackwards(folder: Folder, names: readonly string[]): AsyncGenerator<FileLine> {
  const seen = new Set<number>()
  for (const name of names) {
    const handle = await folder.open(name)
    if (handle === undefined) continue
    try {
      const { ino, size } = await handle.stat()
      if (seen.has(ino)) continue
      seen.add(ino)
      let behind = 0
      let last = 0
      for await (const text of linesOf(handle, size)) {
        if (behind === 0) last = text === '' ? 0 : 1
        if (text !== '') yield { file: name, text, fromEnd: behind + last, ended: behind > 0 }
        behind++
      }
    } finally {
      await handle.close()
    }
  }
}

/** Everything between line ends, so that a file which ends as it should has an empty one behind its last line. */
async function* linesOf(handle: FileHandle, size: number): AsyncGenerator<string> {
  /** Pieces of a line whose beginning is not read yet, last piece first. */
  let pieces: Buffer[] = []
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK)
    const block = await readBlock(handle, start, end - start)
    end = start
    let until = block.length
    for (let at = block.lastIndexOf(NEWLINE); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1)) {
      const line = joined([...pieces, block.subarray(at + 1, until)])
      yield line
      pieces = []
      until = at
    }
    pieces.push(block.subarray(0, until))
  }
  if (size > 0) yield joined(pieces)
}

function joined(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces.toReversed()).toString('utf8')
}

async function readBlock(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length)
  let at = 0
  while (at < length) {
    const { bytesRead } = await handle.read(block, at, length - at, start + at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return block.subarray(0, at)
}
