/** Collects output up to a bound and drops the rest: what a node prints must not fill this machine's memory. */
export class CappedOutput {
  private kept: Buffer = Buffer.alloc(0)
  private size = 0
  /** True once something was dropped. */
  overflow = false

  /** @param limit bytes kept */
  constructor(private readonly limit: number) {}

  /** Copies what has room: a kept piece of a chunk would keep the whole buffer it was cut from. */
  add(chunk: Buffer): void {
    const room = this.limit - this.size
    if (chunk.length > room) this.overflow = true
    if (room <= 0) return
    const taken = chunk.subarray(0, room)
    this.grow(this.size + taken.length)
    taken.copy(this.kept, this.size)
    this.size += taken.length
  }

  text(): string {
    return this.kept.toString('utf8', 0, this.size)
  }

  private grow(needed: number): void {
    if (needed <= this.kept.length) return
    const grown = Buffer.alloc(Math.min(this.limit, Math.max(needed, this.kept.length * 2, 4096)))
    this.kept.copy(grown, 0, 0, this.size)
    this.kept = grown
  }
}
