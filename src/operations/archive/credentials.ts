import { createHash, randomBytes } from 'node:crypto'
import { describeCertificate, readCertificate } from '../../connection/agent/certificate.ts'
import { type NodeSecrets, nodeSecrets } from '../../node/node-secrets.ts'
import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import { Secret } from '../../node/secret.ts'
import { type TrustRecord, isAuthority } from '../../node/trust.ts'
import { StoreError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { type ServerIdentity, makeIdentity } from './certificate.ts'
import type { NextState } from './next-state.ts'

/** What an archive does to a node's keys. `first` is for a node that has none. */
export type KeyChange = 'first' | 'renew' | 'rotate' | 'finish'

/** What goes into an archive, and what becomes of the profile with it. */
export interface Credentials {
  /** SHA-256 of the API keys that the node accepts, in hex. */
  readonly digests: readonly string[]
  /** Absent where the node keeps the certificate it has. */
  readonly identity?: ServerIdentity
  /** Of that certificate. */
  readonly fingerprint?: string
  /** How the archive before was made (JSON). */
  readonly before?: string
  readonly next: NextState
}

/** What the profile has of a node's agent. */
interface Kept {
  readonly names: NodeSecrets
  readonly apiKey?: Secret
  readonly nextApiKey?: Secret
  readonly nextServer?: Secret
  readonly before?: string
  /** The accepted certificates of its endpoint. */
  readonly certificates: readonly TrustRecord[]
}

/**
 * Works out the keys and certificates of an archive. Nothing is changed yet.
 * @throws UsageError when this change does not fit what the node has, with what to do instead
 */
export async function credentialsFor(context: Context, node: NodeRecord, change: KeyChange): Promise<Credentials> {
  const kept = await readKept(context, node)
  const before = kept.before === undefined ? {} : { before: kept.before }
  const plan = { first, renew, rotate, finish }[change]
  return { ...before, ...(await plan(context, node, kept)) }
}

type Plan = (context: Context, node: NodeRecord, kept: Kept) => Promise<Omit<Credentials, 'before'>>

const first: Plan = (context, node, kept) => {
  if (kept.apiKey !== undefined) throw hasOne(node)
  return renew(context, node, kept)
}

/** A new key and certificate in place of all that archives made before. */
const renew: Plan = async (context, node, { names, certificates }) => {
  const identity = await makeIdentity(node.host, node.name, context.clock())
  const record = recordOf(context, node, identity)
  const apiKey = newApiKey()
  return {
    digests: [digestOf(apiKey)],
    identity,
    fingerprint: record.fingerprint,
    next: {
      secrets: [
        [names.apiKey, apiKey],
        [names.nextApiKey, undefined],
        [names.nextServer, undefined],
      ],
      certificates: [...certificates.filter(({ source }) => source !== 'archive'), record],
    },
  }
}

/** Both keys and a new certificate. The old key stays in use: a node that has not got the archive yet knows no other. */
const rotate: Plan = async (context, node, kept) => {
  const { names, certificates } = kept
  if (kept.apiKey === undefined) throw hasNone(node)
  // A rotation that is under way is continued with what it began with: the node may have it already.
  const apiKey = kept.nextApiKey ?? newApiKey()
  const identity = identityIn(kept.nextServer) ?? (await makeIdentity(node.host, node.name, context.clock()))
  const record = recordOf(context, node, identity)
  const known = certificates.some(({ fingerprint }) => fingerprint === record.fingerprint)
  return {
    digests: [digestOf(kept.apiKey), digestOf(apiKey)],
    identity,
    fingerprint: record.fingerprint,
    next: {
      secrets: [
        [names.nextServer, new Secret(`${identity.certificate}${identity.key.reveal()}`)],
        [names.nextApiKey, apiKey],
      ],
      certificates: known ? certificates : [...certificates, record],
    },
  }
}

/** The new key alone; the certificate before it is no longer accepted. Again it makes the same archive. */
const finish: Plan = (context, node, kept) => {
  const { names, apiKey, nextApiKey } = kept
  if (apiKey === undefined) throw hasNone(node)
  if (nextApiKey === undefined) context.note(`${node.name}: no rotation is under way; the archive says what the node has`)
  const key = nextApiKey ?? apiKey
  const identity = identityIn(kept.nextServer)
  const fingerprint = identity === undefined ? undefined : recordOf(context, node, identity).fingerprint
  const stays = (record: TrustRecord): boolean =>
    fingerprint === undefined || record.fingerprint === fingerprint || isAuthority(record)
  return Promise.resolve({
    digests: [digestOf(key)],
    next: {
      secrets: [
        [names.apiKey, key],
        [names.nextApiKey, undefined],
        [names.nextServer, undefined],
      ],
      certificates: kept.certificates.filter(stays),
    },
  })
}

async function readKept(context: Context, node: NodeRecord): Promise<Kept> {
  const { secrets, trust } = await context.profile()
  const names = nodeSecrets(node.id)
  const place = endpoint(node.host, endpointPort(node))
  const [apiKey, nextApiKey, nextServer, archive] = await Promise.all(
    [names.apiKey, names.nextApiKey, names.nextServer, names.archive].map((name) => secrets.get(name)),
  )
  return {
    names,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(nextApiKey === undefined ? {} : { nextApiKey }),
    ...(nextServer === undefined ? {} : { nextServer }),
    ...(archive === undefined ? {} : { before: archive.reveal() }),
    certificates: (await trust.list()).filter((record) => record.endpoint === place && record.kind === 'tls'),
  }
}

/** A key of 256 random bits; the prefix tells people and scanners what it is. */
function newApiKey(): Secret {
  return new Secret(`akctl_${randomBytes(32).toString('base64url')}`)
}

function digestOf(key: Secret): string {
  return createHash('sha256').update(key.reveal()).digest('hex')
}

/** The certificate and its key out of one text. */
function identityIn(pem: Secret | undefined): ServerIdentity | undefined {
  const [, certificate, key] =
    /^(-----BEGIN CERTIFICATE-----.*?\n)(-----BEGIN PRIVATE KEY-----.*)$/s.exec(pem?.reveal() ?? '') ?? []
  return certificate === undefined || key === undefined ? undefined : { certificate, key: new Secret(key) }
}

function recordOf(context: Context, node: NodeRecord, { certificate }: ServerIdentity): TrustRecord {
  const read = readCertificate(certificate)
  if (read === undefined) throw new StoreError(`the certificate kept for ${node.name} can't be read`)
  const { kind, type, fingerprint } = describeCertificate('', read)
  return {
    endpoint: endpoint(node.host, endpointPort(node)),
    ...{ kind, fingerprint, certificate, type },
    added: context.clock().toISOString(),
    by: context.operator,
    source: 'archive',
  }
}

function hasOne({ name }: NodeRecord): UsageError {
  return new UsageError(`${name} has an archive already: another one would lock out the agent that was unpacked from it`, {
    hints: [
      `newer programs for it: akctl nodes archive ${name} --upgrade --out FILE`,
      `a new key and certificate without a gap: akctl nodes archive ${name} --rotate --out FILE`,
      `to begin anew, as that archive is lost or the node is to be set up again: akctl nodes archive ${name} --renew --out FILE`,
    ],
  })
}

function hasNone({ name }: NodeRecord): UsageError {
  return new UsageError(`${name} has no archive yet, so there is nothing to rotate`, {
    hints: [`make it: akctl nodes archive ${name} --out FILE`],
  })
}
