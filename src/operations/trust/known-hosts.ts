import type { KnownHosts, KnownIdentity } from '../../connection/ssh/known-hosts.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import { NotFoundError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { textOfNamed } from '../files/named-file.ts'
import { type Added, accept } from './add.ts'
import { type Place, type PlaceOptions, placeOf } from './endpoints.ts'

export interface KnownHostsImport extends PlaceOptions {
  /** Path of a file in the format of ~/.ssh/known_hosts. */
  readonly file: string
  /** A node's name or id, or `host:port`; undefined: every SSH node and every jump host. */
  readonly target?: string
}

/** At most this many identities are kept for an endpoint (see TrustStore). */
const AT_MOST = 2

/** How many unreadable lines of the file are named. */
const NAMED = 5

/**
 * Accepts what a known_hosts file accepts, looked up as ssh itself would. Of a server with several host keys the best
 * are taken: two are kept at most. Lines for other hosts are left alone.
 * @returns one entry an endpoint that the file knows
 * @throws NotFoundError when the file knows none of them; UsageError when it can't be read
 */
export async function importKnownHosts(context: Context, options: KnownHostsImport): Promise<readonly Added[]> {
  const { parseKnownHosts, knownIdentities } = await import('../../connection/ssh/known-hosts.ts')
  const profile = await context.profile()
  const places = placesOf((await profile.read()).nodes, options)
  const known = parseKnownHosts(await textOfNamed('file', options.file))
  warnOfSkipped(context, options.file, known)
  const records = await profile.trust.list()
  const added: Added[] = []
  for (const place of places) {
    const found = knownIdentities(known, place.host, place.port)
    if (found.length === 0) continue
    const chosen = best(context, place, found, records)
    added.push(await accept(context, place, chosen, `known_hosts ${options.file}`))
  }
  const missing = places.filter((place) => !added.some(({ endpoint }) => endpoint === place.endpoint))
  if (added.length === 0) throw nothingKnown(options.file, missing)
  if (missing.length > 0) context.warn(`${options.file} has no host key of ${names(missing)}`)
  return added
}

function placesOf(nodes: readonly NodeRecord[], { target, jump }: KnownHostsImport): readonly Place[] {
  if (target !== undefined) return [sshPlace(placeOf(nodes, target, { jump }))]
  const places = nodes.filter((node) => node.access === 'ssh').flatMap(ofNode)
  if (places.length === 0) throw new NotFoundError('this profile has no node that is reached by SSH yet')
  return [...new Map(places.map((place) => [place.endpoint, place])).values()]
}

function sshPlace(place: Place): Place {
  if (place.kind === 'ssh') return place
  throw new UsageError(`${place.endpoint} is an agent's: its certificate is in no known_hosts file`, {
    hints: [`akctl trust add ${place.node?.name ?? place.endpoint}`],
  })
}

function ofNode(node: NodeRecord): readonly Place[] {
  const sides = node.jump === undefined ? [false] : [false, true]
  return sides.map((jump) => placeOf([node], node.name, { jump }))
}

/** The identities to accept: what is accepted already, and the best others while there is room. */
function best(
  context: Context,
  place: Place,
  found: readonly KnownIdentity[],
  records: readonly TrustRecord[],
): readonly KnownIdentity[] {
  const kept = records.filter((record) => record.endpoint === place.endpoint && record.kind === 'ssh')
  const isKept = ({ fingerprint }: KnownIdentity): boolean => kept.some((record) => record.fingerprint === fingerprint)
  const fresh = found.filter((identity) => !isKept(identity)).toSorted((a, b) => rank(a.type) - rank(b.type))
  const room = Math.max(AT_MOST - kept.length, 0)
  const left = fresh.slice(room).map(({ type }) => type)
  if (left.length > 0) {
    context.warn(`${place.endpoint}: ${left.join(' and ')} left out, as ${AT_MOST} identities are kept at most`)
  }
  return [...found.filter(isKept), ...fresh.slice(0, room)]
}

/** ssh2 asks for ed25519 first, then ECDSA, then RSA. */
function rank(type: string): number {
  const at = ['ssh-ed25519', 'ecdsa-', 'ssh-rsa'].findIndex((name) => type.startsWith(name))
  return at < 0 ? 3 : at
}

function warnOfSkipped(context: Context, file: string, { skipped }: KnownHosts): void {
  for (const { line, why } of skipped.slice(0, NAMED)) context.warn(`${file}, line ${line} passed over: ${why}`)
  if (skipped.length > NAMED) context.warn(`${file}: ${skipped.length - NAMED} more lines passed over`)
}

function nothingKnown(file: string, missing: readonly Place[]): NotFoundError {
  return new NotFoundError(`${file} has no host key of ${names(missing)}`, {
    hints: [
      'fetch them where the network is trusted: ssh-keyscan -p PORT HOST > FILE',
      'or give one: akctl trust add NODE --fingerprint SHA256:…',
    ],
  })
}

/** Endpoints for a message, the first few by name. */
function names(places: readonly Place[]): string {
  const shown = places.slice(0, NAMED).map(({ endpoint }) => endpoint)
  return shown.join(', ') + (places.length > NAMED ? ` and ${places.length - NAMED} more` : '')
}
