import { crc32, gzipSync } from 'node:zlib'
import type { Pieces, ShellText } from './program.ts'

/**
 * Programs as they travel: in a third of their bytes, each of which is encrypted for every node anew. What a script's
 * programs have in common is packed once for a run, however many nodes it goes to.
 */
export class Packing {
  private readonly bodies: { readonly pieces: Pieces; readonly packed: Buffer }[] = []

  /** The program as gzip: of its head and of the rest, one after the other, which unpack as one text (RFC 1952, 2.2). */
  pack(program: ShellText): Buffer {
    if (typeof program === 'string') return stored(Buffer.from(program))
    return Buffer.concat([stored(Buffer.from(program.head)), this.body(program.body)])
  }

  /** A run has few scripts, and their pieces are the same strings each time: to compare those reads none of them. */
  private body(pieces: Pieces): Buffer {
    const known = this.bodies.find((body) => isSame(body.pieces, pieces))
    if (known !== undefined) return known.packed
    const packed = gzipSync(pieces.join('\n'), { level: 9 })
    this.bodies.push({ pieces, packed })
    return packed
  }
}

function isSame(one: Pieces, other: Pieces): boolean {
  return one.length === other.length && one.every((piece, index) => piece === other[index])
}

/** The most bytes of one stored block (RFC 1951, 3.2.4). */
const BLOCK = 0xffff

/** Bytes as a gzip member that holds them as they are: for a few of them, making a compressor costs more than it saves. */
function stored(bytes: Buffer): Buffer {
  if (bytes.length > BLOCK) return gzipSync(bytes)
  const parts = Buffer.alloc(15)
  parts.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]) // gzip, deflate, no flags, no time, unknown system
  parts[10] = 1 // the last block, stored
  parts.writeUInt16LE(bytes.length, 11)
  parts.writeUInt16LE(bytes.length ^ BLOCK, 13)
  const sums = Buffer.alloc(8)
  sums.writeUInt32LE(crc32(bytes), 0)
  sums.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([parts, bytes, sums])
}
