import type { IdentityPolicy } from '../../src/connection/identity-policy.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { shownIdentities } from '../../src/connection/ssh/identities.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import type { ShownIdentity, TrustRecord } from '../../src/node/trust.ts'
import { UntrustedError } from '../../src/outcome/errors.ts'
import { makeKey, startSshd, type Sshd } from '../support/sshd.ts'
import { keyCredential, policyOf, targetOf, testScript, TIMEOUTS, trusted } from '../support/ssh-target.ts'
import { tempDir } from '../support/temp.ts'

const OTHER = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

describe('the identity of a node', () => {
  const directory = tempDir()
  let sshd: Sshd
  let asked: ShownIdentity[]
  let unlocked: number

  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] })
  })
  afterAll(() => sshd.stop())
  beforeEach(() => {
    asked = []
    unlocked = 0
  })

  /** One connection with this policy; what the script answered. */
  async function connect(policy: IdentityPolicy, server = sshd): Promise<string> {
    const credential = () => Promise.resolve(keyCredential(server.key)).finally(() => (unlocked += 1))
    const host = new SshHost(targetOf(server, { credential }), policy, TIMEOUTS)
    try {
      return await runScript(host, testScript('put answer in'), { timeout: 10 })
    } finally {
      await host.close()
    }
  }

  async function expectRefusal(policy: IdentityPolicy, server = sshd): Promise<UntrustedError> {
    const before = (await server.authAttempts()).length
    const error = await connect(policy, server).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UntrustedError)
    expect(unlocked).toBe(0)
    expect(await server.authAttempts()).toHaveLength(before)
    return error as UntrustedError
  }

  const connections = (): number => sshd.log().split('Connection from').length

  function pinned(fingerprint: string, type?: string): TrustRecord {
    return trusted(sshd.endpoint, fingerprint, type)
  }

  function answering(answer: boolean): IdentityPolicy {
    return policyOf([], (shown) => {
      asked.push(shown)
      return Promise.resolve(answer)
    })
  }

  test('unknown: refused without an authentication attempt, naming the command that would accept it', async () => {
    const error = await expectRefusal(policyOf([]))
    const { fingerprint } = sshd.hostKey('ed25519')
    expect(error.message).toContain(`the identity of ${sshd.endpoint} is not known: ssh-ed25519 ${fingerprint}`)
    expect(error.hints).toContain(`akctl trust add mx1 --fingerprint ${fingerprint}`)
  })

  test('unknown and the user says no: refused', async () => {
    await expectRefusal(answering(false))
    expect(asked).toHaveLength(1)
  })

  test('unknown and the user says yes: asked once, with what the server really has, and no credential before', async () => {
    const before = (await sshd.authAttempts()).length
    const policy = policyOf([], async (shown) => {
      asked.push(shown)
      expect(unlocked).toBe(0)
      expect(await sshd.authAttempts()).toHaveLength(before)
      return true
    })
    expect(await connect(policy)).toBe('in')
    const { fingerprint } = sshd.hostKey('ed25519')
    expect(asked).toEqual([{ endpoint: sshd.endpoint, kind: 'ssh', type: 'ssh-ed25519', fingerprint }])
  })

  test('only what is strictly true accepts: a policy that answers with something else is a no', async () => {
    await expectRefusal(policyOf([], () => Promise.resolve(1 as unknown as boolean)))
  })

  test('changed: refused without an authentication attempt or a question, showing old and new', async () => {
    const policy = { ...answering(true), known: () => Promise.resolve([pinned(OTHER, 'ssh-ed25519')]) }
    const error = await expectRefusal(policy)
    expect(error.message).toContain(`THE IDENTITY OF ${sshd.endpoint} HAS CHANGED`)
    expect(error.message).toContain(`accepted: ssh-ed25519 ${OTHER} (2025-01-02T03:04:05Z, ann@desk)`)
    expect(error.message).toContain(`shown now: ssh-ed25519 ${sshd.hostKey('ed25519').fingerprint}`)
    expect(asked).toEqual([])
  })

  test.each([
    ['ssh-rsa', 'rsa'],
    ['rsa', 'rsa'],
    ['ecdsa-sha2-nistp256', 'ecdsa'],
    ['ssh-ed25519', 'ed25519'],
  ] as const)('a pinned %s key is recognised on a server that has others too', async (type, key) => {
    const before = connections()
    expect(await connect(policyOf([pinned(sshd.hostKey(key).fingerprint, type)]))).toBe('in')
    expect(connections() - before).toBe(1)
  })

  test('a fingerprint of unknown type is found among all types, before any authentication', async () => {
    const before = await sshd.authAttempts()
    expect(await connect(policyOf([pinned(sshd.hostKey('rsa').fingerprint)]))).toBe('in')
    // one request, of the one connection that was accepted
    expect((await sshd.authAttempts()).length - before.length).toBe(1)
  })

  test('a fingerprint of unknown type that no type has: refused, all that was shown is listed', async () => {
    const error = await expectRefusal(policyOf([pinned(OTHER)]))
    for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) expect(error.message).toContain(sshd.hostKey(type).fingerprint)
  })

  test('two identities at once: the old and the new one are both accepted', async () => {
    const both = [pinned(OTHER, 'ssh-ed25519'), pinned(sshd.hostKey('ed25519').fingerprint, 'ssh-ed25519')]
    expect(await connect(policyOf(both))).toBe('in')
    const mixed = [pinned(OTHER, 'ssh-ed25519'), pinned(sshd.hostKey('rsa').fingerprint, 'ssh-rsa')]
    expect(await connect(policyOf(mixed))).toBe('in')
  })

  test('another server on the same port is refused', async () => {
    const first = await startSshd()
    const policy = policyOf([trusted(first.endpoint, first.hostKey().fingerprint, 'ssh-ed25519')])
    expect(await connect(policy, first)).toBe('in')
    await first.stop()
    const second = await startSshd({ port: first.port })
    unlocked = 0
    await expectRefusal(policy, second)
    await second.stop()
  })

  test('a renewal of the session keys by the server is survived, with the same host key', async () => {
    const eager = await startSshd({ config: ['RekeyLimit 1M'] })
    const host = new SshHost(targetOf(eager), policyOf([trusted(eager.endpoint, eager.hostKey().fingerprint)]), TIMEOUTS)
    await host.run('head -c 5000000 /dev/zero', { timeout: 20 })
    expect(await runScript(host, testScript('put answer alive'), { timeout: 10 })).toBe('alive')
    expect(eager.log()).toMatch(/rekey/i)
    await host.close()
    await eager.stop()
  })

  test('all host keys of a server are shown without any authentication attempt', async () => {
    const before = await sshd.authAttempts()
    const shown = await shownIdentities({ host: '127.0.0.1', port: sshd.port }, TIMEOUTS)
    expect(shown.map(({ fingerprint }) => fingerprint).sort()).toEqual(
      [sshd.hostKey('ed25519'), sshd.hostKey('ecdsa'), sshd.hostKey('rsa')].map(({ fingerprint }) => fingerprint).sort(),
    )
    expect(shown.map(({ type }) => type)).toContain('ecdsa-sha2-nistp256')
    expect(shown.every(({ endpoint, kind }) => endpoint === sshd.endpoint && kind === 'ssh')).toBe(true)
    expect(await sshd.authAttempts()).toEqual(before)
  })

  test('fingerprints are those of ssh-keygen', async () => {
    const key = makeKey(`${directory}/k`)
    const [type, base64] = key.publicLine.split(' ')
    const { fingerprintOf, keyTypeOf } = await import('../../src/connection/ssh/known-hosts.ts')
    expect(fingerprintOf(Buffer.from(base64 ?? '', 'base64'))).toBe(key.fingerprint)
    expect(keyTypeOf(Buffer.from(base64 ?? '', 'base64'))).toBe(type)
  })
})
