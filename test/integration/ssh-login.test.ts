import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import type { Credential } from '../../src/connection/ssh/target.ts'
import { Packing } from '../../src/script/packing.ts'
import { UnlockedKeys } from '../../src/connection/ssh/unlocked-keys.ts'
import { FailedError, NotFoundError, UnauthorizedError } from '../../src/outcome/errors.ts'
import { makeKey, startSshd, type KeyPair, type Sshd } from '../support/sshd.ts'
import { keyCredential, policyFor, targetOf, testScript, TIMEOUTS } from '../support/ssh-target.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

describe('logging in', () => {
  const directory = tempDir()
  let sshd: Sshd
  let locked: KeyPair
  let rsa: KeyPair
  let ecdsa: KeyPair
  let stranger: KeyPair

  beforeAll(async () => {
    locked = makeKey(join(directory, 'locked'), { passphrase: 'open sesame' })
    rsa = makeKey(join(directory, 'rsa'), { type: 'rsa' })
    ecdsa = makeKey(join(directory, 'ecdsa'), { type: 'ecdsa' })
    stranger = makeKey(join(directory, 'stranger'))
    sshd = await startSshd({ authorized: [locked, rsa, ecdsa].map(({ publicLine }) => publicLine) })
  })
  afterAll(() => sshd.stop())

  async function login(
    credential: Credential,
    options: { readonly server?: Sshd; readonly keys?: UnlockedKeys } = {},
  ): Promise<string> {
    const { keys = new UnlockedKeys(), server = sshd } = options
    const target = targetOf(server, { credential: () => Promise.resolve(credential) })
    const host = new SshHost(target, policyFor(server), TIMEOUTS, { keys, packing: new Packing() })
    try {
      return await runScript(host, testScript('put answer in'), { timeout: 10 })
    } finally {
      await host.close()
    }
  }

  async function refusal(credential: Credential, options: { readonly server?: Sshd } = {}): Promise<UnauthorizedError> {
    const error = await login(credential, options).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnauthorizedError)
    return error as UnauthorizedError
  }

  test.each(['ed25519', 'rsa', 'ecdsa'] as const)('a stored %s key is accepted', async (type) => {
    const key = { ed25519: sshd.key, rsa, ecdsa }[type]
    expect(await login(keyCredential(key))).toBe('in')
  })

  test('a key that the server does not know is refused, with the way to let it in', async () => {
    const error = await refusal(keyCredential(stranger))
    expect(error.message).toContain(`the server refused the key main for ${sshd.user}`)
    expect(error.hints.join('\n')).toContain('akctl keys show main')
    expect(error.detail).toEqual(['the server would take: publickey'])
  })

  test('no question without a proof is asked: the first attempt is the key', async () => {
    const before = (await sshd.authAttempts()).length
    await login(keyCredential(sshd.key))
    const attempts = (await sshd.authAttempts()).slice(before)
    expect(attempts.every((line) => line.includes('method publickey'))).toBe(true)
  })

  test('the server is not asked to prove the other host keys that it tells of', async () => {
    await login(keyCredential(sshd.key))
    await sshd.authAttempts() // every connection has ended, and its log is whole
    expect(sshd.log()).toContain('Entering interactive session')
    expect(sshd.log()).not.toContain('hostkeys-prove')
  })

  test('a protected key: the right passphrase', async () => {
    expect(await login(keyCredential(locked, () => Promise.resolve('open sesame')))).toBe('in')
  })

  test('a protected key: a wrong passphrase is said to be that, and no attempt is made', async () => {
    const before = await sshd.authAttempts()
    const error = await refusal(keyCredential(locked, () => Promise.resolve('wrong')))
    expect(error.message).toContain('the passphrase of the key main is wrong')
    expect(await sshd.authAttempts()).toEqual(before)
  })

  test('a protected key: no passphrase at hand', async () => {
    const error = await refusal(keyCredential(locked))
    expect(error.message).toContain('protected by a passphrase')
    expect(error.hints.join()).toContain('--passphrase-file')
  })

  test('the passphrase of an unprotected key is not asked for', async () => {
    let asked = 0
    const credential = keyCredential(sshd.key, () => Promise.resolve(String((asked += 1))))
    expect(await login(credential)).toBe('in')
    expect(asked).toBe(0)
  })

  test('hosts of one run ask for a passphrase once, at the same time or one after the other', async () => {
    let asked = 0
    const keys = new UnlockedKeys()
    const ask = () => {
      asked += 1
      return Promise.resolve('open sesame')
    }
    const one = () => login(keyCredential(locked, ask), { keys })
    expect(await Promise.all([one(), one()])).toEqual(['in', 'in'])
    expect(await one()).toBe('in')
    expect(asked).toBe(1)
  })

  test('a user who takes longer to type than a login may take is waited for', async () => {
    const target = targetOf(sshd, {
      credential: () => new Promise((resolve) => setTimeout(() => resolve(keyCredential(sshd.key)), 1500)),
    })
    const host = new SshHost(target, policyFor(sshd), { ...TIMEOUTS, auth: 1 })
    expect(await runScript(host, testScript('put answer patient'), { timeout: 10 })).toBe('patient')
    await host.close()
  })

  test.each([
    ['rubbish', () => 'hello'],
    ['a public key', () => stranger.publicLine],
  ])('%s instead of a private key has failed here: no server has refused it', async (_, text) => {
    const error: unknown = await login({ kind: 'key', name: 'main', privateKey: Buffer.from(text()) }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(FailedError)
    expect((error as FailedError).message).toContain('the key main is no private key')
  })

  test('an error of the key store is passed on as it is', async () => {
    const missing = new NotFoundError('no key main')
    const host = new SshHost(targetOf(sshd, { credential: () => Promise.reject(missing) }), policyFor(sshd), TIMEOUTS)
    await expect(host.run('true', { timeout: 5 })).rejects.toBe(missing)
    await host.close()
  })

  test('a server that wants a second proof says so', async () => {
    const strict = await startSshd({
      config: ['AuthenticationMethods publickey,publickey'],
    })
    const error = await refusal(keyCredential(strict.key), { server: strict })
    expect(error.message).toMatch(/took the key and wants a second proof as well \(publickey\)/)
    await strict.stop()
  })

  test('an RSA key never signs by SHA-1, whatever the server asks for', async () => {
    const old = await startSshd({ config: ['PubkeyAcceptedAlgorithms ssh-rsa'], authorized: [rsa.publicLine] })
    await refusal(keyCredential(rsa), { server: old })
    const key = await new UnlockedKeys().unlock({ kind: 'key', name: 'main', privateKey: rsa.bytes })
    expect(key.sign(Buffer.from('data'), 'sha1')).toBeInstanceOf(Error)
    expect(key.sign(Buffer.from('data'))).toBeInstanceOf(Error)
    expect(key.verify(Buffer.from('data'), key.sign(Buffer.from('data'), 'sha512'), 'sha512')).toBe(true)
    expect(old.log()).not.toContain('Accepted publickey')
    await old.stop()
  })

  describe('by the ssh-agent', () => {
    const socket = join(directory, 'agent')
    let agent: ChildProcess

    beforeAll(async () => {
      agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
      await until('the ssh-agent answers', 10, () => add('-l') !== undefined || undefined)
    })
    afterAll(() => agent.kill())
    beforeEach(() => add('-D'))

    /** What ssh-add printed; undefined when it could not reach the agent. */
    function add(...args: string[]): string | undefined {
      try {
        return execFileSync('ssh-add', args, { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe', encoding: 'utf8' })
      } catch (error) {
        return (error as { status?: number }).status === 1 ? '' : undefined
      }
    }

    test.each(['ed25519', 'rsa', 'ecdsa'] as const)('a %s key in the agent is accepted, after one that is not', async (type) => {
      add(stranger.file)
      add({ ed25519: sshd.key, rsa, ecdsa }[type].file)
      expect(await login({ kind: 'agent', socket })).toBe('in')
    })

    test('an agent without keys, and one with only wrong ones', async () => {
      expect((await refusal({ kind: 'agent', socket })).message).toContain('the ssh-agent holds no key')
      add(stranger.file)
      expect((await refusal({ kind: 'agent', socket })).message).toContain('offered 1 keys, and the server refused them all')
    })

    test('more keys than the server tries', async () => {
      const impatient = await startSshd({ config: ['MaxAuthTries 2'] })
      for (const name of ['a', 'b', 'c']) add(makeKey(join(directory, name)).file)
      const error = await refusal({ kind: 'agent', socket }, { server: impatient })
      expect(error.message).toContain('gave up after too many keys')
      await impatient.stop()
    })

    test('no agent at that socket, and one that hangs up', async () => {
      const error = await refusal({ kind: 'agent', socket: join(directory, 'none') })
      expect(error.message).toMatch(/the ssh-agent at .*none did not help/)
      const rude: Server = createServer((client) => client.destroy())
      await new Promise<void>((resolve) => rude.listen(join(directory, 'rude'), resolve))
      expect((await refusal({ kind: 'agent', socket: join(directory, 'rude') })).message).toContain('did not help')
      rude.close()
    })

    test('nothing on the server can use the agent: it is not forwarded', async () => {
      add(sshd.key.file)
      const host = new SshHost(
        targetOf(sshd, { credential: () => Promise.resolve({ kind: 'agent', socket }) }),
        policyFor(sshd),
        TIMEOUTS,
      )
      expect(await runScript(host, testScript('put answer "${SSH_AUTH_SOCK:-none}"'), { timeout: 10 })).toBe('none')
      await host.close()
    })
  })
})
