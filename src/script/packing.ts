import { crc32, gzipSync } from 'node:zlib'
import prelude from './prelude.sh'

/**
 * Programs as they travel: in a third of their bytes, each of which is encrypted for every node anew. What a script's
 * programs have in common is packed once for a run, however many nodes it goes to.
 */
export class Packing {
  private readonly bodies = new Map<string, Buffer>()

  /** The program as gzip: of its head and of the rest, one after the other, which unpack as one text (RFC 1952, 2.2). */
  pack(program: string): Buffer {
    const at = Math.max(0, program.indexOf(prelude))
    return Buffer.concat([stored(Buffer.from(program.slice(0, at))), this.body(program.slice(at))])
  }

  private body(text: string): Buffer {
    const known = this.bodies.get(text)
    if (known !== undefined) return known
    const packed = gzipSync(text, { level: 9 })
    this.bodies.set(text, packed)
    return packed
  }
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
