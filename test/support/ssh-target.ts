import { readFileSync } from 'node:fs'
import type { IdentityPolicy } from '../../src/connection/identity-policy.ts'
import type { Credential, SshEndpoint, SshTarget } from '../../src/connection/ssh/target.ts'
import type { Script } from '../../src/script/script.ts'
import type { TrustRecord } from '../../src/node/trust.ts'
import type { KeyPair, Sshd } from './sshd.ts'

/** Times that a healthy loopback never needs. */
export const TIMEOUTS = { connect: 20, auth: 20, keepAlive: 10 }

/** A node called mx1 on a private sshd, logging in by the key that sshd accepts. */
export function targetOf(sshd: Pick<Sshd, 'port' | 'user' | 'key'>, changes: Partial<SshTarget> = {}): SshTarget {
  return { name: 'mx1', sudo: false, ...endpointOf(sshd), ...changes }
}

/** The endpoint alone, for jump hosts. */
export function endpointOf(sshd: Pick<Sshd, 'port' | 'user' | 'key'>): SshEndpoint {
  return { host: '127.0.0.1', port: sshd.port, user: sshd.user, credential: () => Promise.resolve(keyCredential(sshd.key)) }
}

/** A stored key as the profile would hand it in. */
export function keyCredential(key: Pick<KeyPair, 'file'>, passphrase?: () => Promise<string>): Credential {
  const privateKey = readFileSync(key.file)
  return { kind: 'key', name: 'main', privateKey, ...(passphrase === undefined ? {} : { passphrase }) }
}

/** A record that accepts a host key at an endpoint; `type` undefined is a bare fingerprint. */
export function trusted(endpoint: string, fingerprint: string, type?: string): TrustRecord {
  const record = { endpoint, kind: 'ssh', fingerprint, added: '2025-01-02T03:04:05Z', by: 'ann@desk', source: 'flag' } as const
  return type === undefined ? record : { ...record, type }
}

/** Accepts exactly these records and asks nobody. */
export function policyOf(records: readonly TrustRecord[], ask?: IdentityPolicy['ask']): IdentityPolicy {
  return {
    known: (endpoint) => Promise.resolve(records.filter((record) => record.endpoint === endpoint)),
    trustCommand: ({ fingerprint }) => `akctl trust add mx1 --fingerprint ${fingerprint}`,
    ...(ask === undefined ? {} : { ask }),
  }
}

/** Accepts the host keys that these servers have. */
export function policyFor(...servers: readonly Sshd[]): IdentityPolicy {
  return policyOf(servers.map((sshd) => trusted(sshd.endpoint, sshd.hostKey().fingerprint, 'ssh-ed25519')))
}

/** A script of a test's own; its answer is the field `answer`. */
export function testScript(text: string, more: Partial<Script<string>> = {}): Script<string> {
  return {
    name: 'test script',
    text: [text],
    args: [],
    changes: false,
    interpret: ({ fields }) => fields.text('answer'),
    ...more,
  }
}
