import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file that gives a plain host key. */
export interface KnownHost {
  /** Counted from 1. */
  readonly line: number
  /** The key's own type: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`… */
  readonly type: string
  /** `SHA256:` and unpadded base64. */
  readonly fingerprint: string
  /** True for a `@revoked` line: this key must not be accepted, whatever other lines say. */
  readonly revoked: boolean
  /** Whether the line names this endpoint: by name, hash, wildcard or negation, as ssh itself would look it up. */
  matches(host: string, port: number): boolean
}

/** A line that was passed over, and why. */
export interface SkippedLine {
  readonly line: number
  readonly why: string
}

export interface KnownHosts {
  readonly hosts: readonly KnownHost[]
  readonly skipped: readonly SkippedLine[]
}

/** A host key that a known_hosts file accepts at an endpoint. */
export interface KnownIdentity {
  readonly type: string
  readonly fingerprint: string
  readonly line: number
}

/**
 * Reads the text of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain and hashed names, `[host]:port`,
 * wildcards and negations, `@revoked`. `@cert-authority` lines are passed over and named in `skipped`, as akctl checks
 * no host certificates; so is every line it can't read. Never throws.
 */
export function parseKnownHosts(text: string): KnownHosts {
  const hosts: KnownHost[] = []
  const skipped: SkippedLine[] = []
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = index + 1
    const content = raw.trim()
    if (content === '' || content.startsWith('#')) return
    const read = readLine(content, line)
    if (typeof read === 'string') skipped.push({ line, why: read })
    else hosts.push(read)
  })
  return { hosts, skipped }
}

/** The host keys a file accepts at an endpoint, each once, without those it revokes there. */
export function knownIdentities(known: KnownHosts, host: string, port: number): readonly KnownIdentity[] {
  const named = known.hosts.filter((entry) => entry.matches(host, port))
  const revoked = new Set(named.filter((entry) => entry.revoked).map(({ fingerprint }) => fingerprint))
  const found = new Map<string, KnownIdentity>()
  for (const { type, fingerprint, line } of named) {
    if (!revoked.has(fingerprint) && !found.has(fingerprint)) found.set(fingerprint, { type, fingerprint, line })
  }
  return [...found.values()]
}

/** `SHA256:` and unpadded base64 of a host key's bytes, as ssh-keygen -l prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type a key's bytes begin with (a length and a word), or undefined for bytes that are no key. */
export function keyTypeOf(key: Uint8Array): string | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  if (bytes.length < 4) return undefined
  const type = bytes.toString('latin1', 4, 4 + bytes.readUInt32BE(0))
  return /^[a-z0-9@.-]{1,64}$/.test(type) ? type : undefined
}

function readLine(content: string, line: number): KnownHost | string {
  const words = content.split(/[ \t]+/)
  const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined
  const [names, type, base64] = words
  if (marker === '@cert-authority') return 'a certificate authority: akctl checks no host certificates'
  if (marker !== undefined && marker !== '@revoked') return `the marker ${marker} is not known`
  if (names === undefined || type === undefined || base64 === undefined) return 'not a host key line'
  if (/^\d+$/.test(type)) return 'a key of SSH version 1'
  const key = Buffer.from(base64, 'base64')
  if (keyTypeOf(key) !== type) return `the key is damaged, or is not of the type ${type}`
  return { line, type, fingerprint: fingerprintOf(key), revoked: marker === '@revoked', matches: matcherOf(names) }
}

function matcherOf(names: string): KnownHost['matches'] {
  if (names.startsWith('|')) return hashedMatcher(names)
  const patterns = names.toLowerCase().split(',').filter(Boolean)
  const matching = (name: string): boolean => {
    const refused = patterns.some((pattern) => pattern.startsWith('!') && glob(pattern.slice(1), name))
    return !refused && patterns.some((pattern) => glob(pattern, name))
  }
  return (host, port) => matching(lookupName(host, port))
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, the only form there is. */
function hashedMatcher(names: string): KnownHost['matches'] {
  const [, version, salt, hash] = names.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return () => false
  const wanted = Buffer.from(hash, 'base64')
  return (host, port) => createHmac('sha1', Buffer.from(salt, 'base64')).update(lookupName(host, port)).digest().equals(wanted)
}

/** The name ssh looks an endpoint up by: the bare host at port 22, else `[host]:port`. */
function lookupName(host: string, port: number): string {
  const name = host.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** `*` and `?` only, over the whole name. */
function glob(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`).test(name)
}
