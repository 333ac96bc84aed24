import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The keys that open the API, as SHA-256 digests: an agent does not keep what it was not given. */
export class AcceptedKeys {
  private readonly digests: readonly Buffer[]

  /** @param digests hex */
  constructor(digests: readonly string[]) {
    this.digests = digests.map((digest) => Buffer.from(digest, 'hex'))
  }

  /** True when the request carries `Authorization: Bearer KEY` with an accepted key. */
  accept(headers: IncomingHttpHeaders): boolean {
    const key = /^bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? '')?.[1]
    const digest = createHash('sha256')
      .update(key ?? '')
      .digest()
    // All of them, whichever fits: the time tells neither which nor how nearly.
    const hits = this.digests.filter((accepted) => timingSafeEqual(accepted, digest))
    return key !== undefined && hits.length > 0
  }
}
