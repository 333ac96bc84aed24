import type { ShownIdentity, TrustRecord } from '../../node/trust.ts'
import { UntrustedError } from '../../outcome/errors.ts'
import { HOST_KEY_TYPES, type HostKeyType } from './algorithms.ts'
import { fingerprintOf, keyTypeOf } from './known-hosts.ts'

/** Host key types as `ssh-keygen -l` and people write them. */
const SHORT_NAMES: Readonly<Record<string, readonly HostKeyType[]>> = {
  ed25519: ['ssh-ed25519'],
  ecdsa: ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  rsa: ['ssh-rsa'],
}

/**
 * Compares what an endpoint shows with what is accepted there, over as many connections as that takes: a server shows
 * one host key a connection, and the accepted one may be of a type that it would not have shown first.
 */
export class IdentityCheck {
  private readonly seen = new Map<string, ShownIdentity>()
  private readonly accepted: Set<string>
  private wanted: readonly HostKeyType[]
  private asked = false

  /** @param endpoint `host:port`, as trust records name it */
  constructor(
    private readonly endpoint: string,
    private readonly known: readonly TrustRecord[],
  ) {
    this.accepted = new Set(known.map(({ fingerprint }) => fingerprint))
    const pinned = this.pinnedTypes()
    this.wanted = [...pinned, ...HOST_KEY_TYPES.filter((type) => !pinned.includes(type))]
  }

  /** The host key types to ask for at the next connection, most wanted first. */
  get types(): readonly HostKeyType[] {
    return this.wanted
  }

  /** The first identity that was shown, which is the one a question to the user names. */
  get first(): ShownIdentity | undefined {
    return this.seen.values().next().value
  }

  /** True when nothing at all is accepted at this endpoint, by records or by the user. */
  get unknown(): boolean {
    return this.known.length === 0 && !this.asked
  }

  /** Whether a host key is an accepted one. */
  accepts(key: Buffer): boolean {
    const type = keyTypeOf(key) ?? 'unknown'
    const fingerprint = fingerprintOf(key)
    this.seen.set(type, { endpoint: this.endpoint, kind: 'ssh', type, fingerprint })
    return this.accepted.has(fingerprint)
  }

  /** Takes an identity in that the user has accepted just now. */
  accept(shown: ShownIdentity): void {
    this.asked = true
    this.accepted.add(shown.fingerprint)
    this.wanted = HOST_KEY_TYPES.filter((type) => type === shown.type)
  }

  /**
   * After a refusal: whether another host key of the server could still be an accepted one. If so, `types` is that.
   * A record without a type may be any of them.
   */
  another(offered: readonly HostKeyType[]): boolean {
    const pinned = this.known.some(({ type }) => type === undefined) ? HOST_KEY_TYPES : this.pinnedTypes()
    const next = offered.find((type) => pinned.includes(type) && !this.seen.has(type))
    if (next !== undefined) this.wanted = [next]
    return next !== undefined
  }

  /**
   * The refusal, with what to do about it.
   * @param label who, for the message: `mx1 (root@203.0.113.5:22)`
   * @param trustCommand the command that would accept an identity
   */
  refusal(label: string, trustCommand: (shown: ShownIdentity) => string): UntrustedError {
    const shown = [...this.seen.values()]
    const lines = shown.map(({ type, fingerprint }) => `${type} ${fingerprint}`)
    const commands = shown.slice(0, 1).map(trustCommand)
    if (this.unknown) {
      return new UntrustedError(
        `${label}: the identity of ${this.endpoint} is not known: ${lines.join(', ')}. Nothing was sent to it`,
        {
          hints: [
            'compare it on the server itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or its other types)',
            ...commands,
          ],
        },
      )
    }
    const records = this.known.map(
      ({ type, fingerprint, added, by }) => `  accepted: ${type ?? 'any type'} ${fingerprint} (${added}, ${by})`,
    )
    const now = lines.map((line) => `  shown now: ${line}`)
    const message = [`${label}: THE IDENTITY OF ${this.endpoint} HAS CHANGED. Nothing was sent to it`, ...records, ...now].join(
      '\n',
    )
    return new UntrustedError(message, {
      hints: [
        'another machine may be answering in its place: find out before you go on',
        `only if it was reinstalled or given a new key: akctl trust remove ${this.endpoint}, then:`,
        ...commands,
      ],
    })
  }

  private pinnedTypes(): readonly HostKeyType[] {
    const types = this.known.flatMap(({ type }) => {
      if (type === undefined) return []
      return SHORT_NAMES[type.toLowerCase()] ?? HOST_KEY_TYPES.filter((name) => name === type)
    })
    return [...new Set(types)]
  }
}
