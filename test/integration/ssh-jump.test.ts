import type { IdentityPolicy } from '../../src/connection/identity-policy.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { shownIdentities } from '../../src/connection/ssh/identities.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import type { SshEndpoint } from '../../src/connection/ssh/target.ts'
import type { ShownIdentity } from '../../src/node/trust.ts'
import {
  CancelledError,
  type NodeError,
  TimeoutError,
  UnauthorizedError,
  UnreachableError,
  UntrustedError,
} from '../../src/outcome/errors.ts'
import { freePort } from '../support/ports.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { endpointOf, keyCredential, policyFor, policyOf, targetOf, testScript, TIMEOUTS } from '../support/ssh-target.ts'

describe('a node behind a jump host', () => {
  let jump: Sshd
  let node: Sshd
  let hosts: SshHost[] = []

  beforeAll(async () => {
    jump = await startSshd()
    node = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
  })
  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.close()))
    hosts = []
  })
  afterAll(async () => {
    await node.end()
    await jump.stop()
  })

  function hostBy(
    policy: IdentityPolicy,
    changes: { readonly via?: SshEndpoint; readonly node?: Partial<SshEndpoint> } = {},
  ): SshHost {
    const target = { ...targetOf(node, { jump: changes.via ?? endpointOf(jump) }), ...changes.node }
    const host = new SshHost(target, policy, TIMEOUTS)
    hosts.push(host)
    return host
  }

  async function failure(host: SshHost, kind: new (message: string) => NodeError): Promise<NodeError> {
    const error = await host.run('true', { timeout: 10 }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    return error as NodeError
  }

  test('is reached through it, with a key of its own for each', async () => {
    const before = (await node.authAttempts()).length
    const host = hostBy(policyFor(jump, node))
    // the shell runs under the node's sshd, and the node sees the jump host as its peer
    expect(await runScript(host, testScript('put answer "$HOME"'), { timeout: 10 })).toBe(node.home)
    expect(await runScript(host, testScript('put answer twice'), { timeout: 10 })).toBe('twice')
    expect(jump.log()).toContain(`direct-tcpip`)
    await host.close()
    expect((await node.authAttempts()).length).toBeGreaterThan(before)
    await jump.idle()
    await node.idle()
  })

  test('10 MB through both', async () => {
    const { end, overflow } = await hostBy(policyFor(jump, node)).run('head -c 10000000 /dev/zero', { timeout: 20 })
    expect([end, overflow]).toEqual([{ kind: 'exit', status: 0 }, true])
  })

  test("the jump host's identity is not known: no authentication attempt there, no connection to the node", async () => {
    const [atJump, atNode] = [(await jump.authAttempts()).length, node.log().match(/Connection from/g)?.length]
    const error = await failure(hostBy(policyFor(node)), UntrustedError)
    expect(error.message).toContain(`mx1's jump host`)
    expect(error.message).toContain(`the identity of ${jump.endpoint} is not known`)
    expect(error.hints.at(-1)).toBe(`akctl trust add mx1 --fingerprint ${jump.hostKey().fingerprint}`)
    expect((await jump.authAttempts()).length).toBe(atJump)
    expect(node.log().match(/Connection from/g)?.length).toBe(atNode)
  })

  test("the node's identity is not known: no authentication attempt there, although the jump host is trusted", async () => {
    const before = (await node.authAttempts()).length
    const error = await failure(hostBy(policyFor(jump)), UntrustedError)
    expect(error.message).toContain(`the identity of ${node.endpoint} is not known`)
    expect((await node.authAttempts()).length).toBe(before)
  })

  test('both may be asked about, the jump host first', async () => {
    const asked: ShownIdentity[] = []
    const policy = policyOf([], (shown) => Promise.resolve(asked.push(shown) > 0))
    await hostBy(policy).run('true', { timeout: 10 })
    expect(asked.map(({ endpoint }) => endpoint)).toEqual([jump.endpoint, node.endpoint])
  })

  test('the jump host refuses the key', async () => {
    const via = { ...endpointOf(jump), credential: () => Promise.resolve(keyCredential(node.key)) }
    const error = await failure(hostBy(policyFor(jump, node), { via }), UnauthorizedError)
    expect(error.message).toContain(`mx1's jump host`)
  })

  test("the node refuses the jump host's key", async () => {
    const credential = () => Promise.resolve(keyCredential(jump.key))
    const error = await failure(hostBy(policyFor(jump, node), { node: { credential } }), UnauthorizedError)
    expect(error.message).toMatch(/^mx1 \(/)
    await jump.idle()
  })

  test('the jump host cannot reach the node, or may not', async () => {
    const error = await failure(hostBy(policyFor(jump), { node: { port: await freePort() } }), UnreachableError)
    expect(error.message).toMatch(/could not be reached from its jump host: .*(Connection refused|open failed)/)
    const strict = await startSshd({ config: ['AllowTcpForwarding no'] })
    const forbidden = await failure(hostBy(policyFor(strict, node), { via: endpointOf(strict) }), UnreachableError)
    expect(forbidden.hints.join()).toContain('AllowTcpForwarding')
    await strict.stop()
  })

  test('the jump host dies in the middle of a program', async () => {
    const own = await startSshd()
    const host = hostBy(policyFor(own, node), { via: endpointOf(own) })
    await host.run('true', { timeout: 10 })
    const running = host.run('sleep 30', { timeout: 20 })
    setTimeout(() => own.connections().forEach((pid) => process.kill(pid, 'SIGKILL')), 300)
    expect((await running).end.kind).toBe('cut')
    expect((await host.run('echo anew', { timeout: 10 })).stdout).toBe('anew\n')
    await host.close()
    await own.stop()
  })

  test('a jump host that hangs, and cancelling the wait for it', async () => {
    const own = await startSshd()
    process.kill(own.pid, 'SIGSTOP')
    const slow = new SshHost(targetOf(node, { jump: endpointOf(own) }), policyFor(own, node), { ...TIMEOUTS, connect: 1 })
    hosts.push(slow)
    await failure(slow, TimeoutError)
    const signal = AbortSignal.timeout(200)
    const waiting = hostBy(policyFor(own, node), { via: endpointOf(own) }).run('true', { timeout: 10, signal })
    await expect(waiting).rejects.toThrow(CancelledError)
    await own.stop()
  })

  test("the node's host keys are shown through the jump host, without an attempt at the node", async () => {
    const before = (await node.authAttempts()).length
    const via = { jump: endpointOf(jump), policy: policyFor(jump) }
    const shown = await shownIdentities({ host: '127.0.0.1', port: node.port }, TIMEOUTS, { via })
    expect(shown.map(({ type }) => type).sort()).toEqual(['ssh-ed25519', 'ssh-rsa'])
    expect((await node.authAttempts()).length).toBe(before)
    const blind = { jump: endpointOf(jump), policy: policyOf([]) }
    await expect(shownIdentities({ host: '127.0.0.1', port: node.port }, TIMEOUTS, { via: blind })).rejects.toThrow(
      UntrustedError,
    )
  })
})
