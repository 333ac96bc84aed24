import { gzipSync } from 'node:zlib'
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
    return Buffer.concat([gzipSync(program.slice(0, at)), this.body(program.slice(at))])
  }

  private body(text: string): Buffer {
    const known = this.bodies.get(text)
    if (known !== undefined) return known
    const packed = gzipSync(text, { level: 9 })
    this.bodies.set(text, packed)
    return packed
  }
}
