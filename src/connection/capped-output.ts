/** Collects output up to a bound and drops the rest: what a node prints must not fill this machine's memory. */
export class CappedOutput {
  private readonly chunks: Buffer[] = []
  private size = 0
  /** True once something was dropped. */
  overflow = false

  /** @param limit bytes kept */
  constructor(private readonly limit: number) {}

  add(chunk: Buffer): void {
    const room = this.limit - this.size
    if (chunk.length > room) this.overflow = true
    if (room <= 0) return
    const kept = chunk.subarray(0, room)
    this.chunks.push(kept)
    this.size += kept.length
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}
