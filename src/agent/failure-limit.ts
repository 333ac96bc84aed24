/** Failures an address, and all addresses together, may make at once, and how many a second come back. */
const ADDRESS = { size: 10, perSecond: 1 }
const ALL = { size: 200, perSecond: 50 }
/** Addresses remembered; the one that failed longest ago is forgotten. */
const REMEMBERED = 1024

interface Bucket {
  left: number
  /** Milliseconds. */
  at: number
}

/** Counts failed authentications in bounded memory. */
export class FailureLimit {
  private readonly addresses = new Map<string, Bucket>()
  private readonly all: Bucket

  /** @param now milliseconds that never go back */
  constructor(private readonly now: () => number) {
    this.all = { left: ALL.size, at: now() }
  }

  /** How many addresses are remembered. */
  get remembered(): number {
    return this.addresses.size
  }

  /** Counts a failure. @returns seconds to wait when it is one too many; undefined when it is within the limit */
  failed(address: string): number | undefined {
    const network = networkOf(address)
    const own = this.addresses.get(network) ?? { left: ADDRESS.size, at: this.now() }
    this.addresses.delete(network) // so that it becomes the youngest
    this.addresses.set(network, own)
    if (this.addresses.size > REMEMBERED) {
      for (const oldest of this.addresses.keys()) {
        this.addresses.delete(oldest)
        break
      }
    }
    const waits = [this.take(own, ADDRESS), this.take(this.all, ALL)].filter((wait) => wait !== undefined)
    return waits.length === 0 ? undefined : Math.max(...waits)
  }

  private take(bucket: Bucket, { size, perSecond }: typeof ADDRESS): number | undefined {
    const now = this.now()
    bucket.left = Math.min(size, bucket.left + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / perSecond)
    bucket.left -= 1
    return undefined
  }
}

/** Who counts as one: an IPv4 address, or the /64 that one IPv6 user has all of. */
export function networkOf(address: string): string {
  const v4 = /^::ffff:([0-9.]+)$/i.exec(address)?.[1] ?? address
  if (!v4.includes(':')) return v4
  const [head = '', tail] = v4.split('%', 1)[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length
  const full = [...groups, ...Array.from({ length: missing }, () => '0'), ...after]
  return `${full
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
