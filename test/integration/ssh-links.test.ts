import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { shownIdentities } from '../../src/connection/ssh/identities.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import type { SshTimeouts } from '../../src/connection/ssh/target.ts'
import { CancelledError, type NodeError, TimeoutError, UnknownOutcomeError, UnreachableError } from '../../src/outcome/errors.ts'
import { freePort } from '../support/ports.ts'
import { killTree, startSshd, type Sshd } from '../support/sshd.ts'
import { policyOf, targetOf, testScript, TIMEOUTS, trusted } from '../support/ssh-target.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

describe('a link that goes wrong', () => {
  const directory = tempDir()
  const limits = { timeout: 30 }
  let sshd: Sshd
  let proxy: TcpProxy
  let hosts: SshHost[] = []

  beforeAll(async () => {
    sshd = await startSshd()
    proxy = await startProxy(sshd.port)
  })
  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.close()))
    hosts = []
  })
  afterAll(async () => {
    await proxy.stop()
    await sshd.end()
  })

  /** A node at this port of the loopback that would show the host key of our sshd. */
  function hostAt(port: number, timeouts: Partial<SshTimeouts> = {}, name = '127.0.0.1'): SshHost {
    const policy = policyOf([trusted(`${name}:${port}`, sshd.hostKey().fingerprint, 'ssh-ed25519')])
    const host = new SshHost({ ...targetOf(sshd), host: name, port }, policy, { ...TIMEOUTS, ...timeouts })
    hosts.push(host)
    return host
  }

  async function failure(host: SshHost, kind: new (message: string) => NodeError): Promise<NodeError> {
    const began = Date.now()
    const error = await host.run('true', limits).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect((error as NodeError).hints.length).toBeGreaterThan(0)
    expect(Date.now() - began).toBeLessThan(15_000)
    return error as NodeError
  }

  /** A server that does this with every connection. */
  async function server(treat: (client: Socket) => void): Promise<{ readonly port: number; stop(): void }> {
    const clients = new Set<Socket>()
    const listening: Server = createServer((client) => {
      clients.add(client.on('error', () => undefined))
      treat(client)
    })
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const stop = (): void => {
      clients.forEach((client) => client.destroy())
      listening.close()
    }
    return { port: (listening.address() as AddressInfo).port, stop }
  }

  describe('before a program is started', () => {
    test('nothing listens', async () => {
      const error = await failure(hostAt(await freePort()), UnreachableError)
      expect(error.message).toMatch(/^mx1 \(\w+@127\.0\.0\.1:\d+\) has nothing listening on that port \(connection refused\)/)
    })

    test('the name is not known', async () => {
      const error = await failure(hostAt(22, {}, 'no-such-host.invalid'), UnreachableError)
      expect(error.message).toMatch(/has a name that/)
    })

    test.each<[string, (client: Socket) => void, RegExp]>([
      ['hangs up', (client) => client.end(), /did not speak SSH/],
      ['resets', (client) => client.resetAndDestroy(), /reset|did not speak SSH/],
      ['speaks HTTP', (client) => client.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /did not speak SSH/],
      ['greets without end', (client) => client.write('x'.repeat(20_000)), /did not speak SSH: Header line too long/],
      [
        'sends rubbish',
        (client) => client.write(`SSH-2.0-x\r\n${'\xff'.repeat(2000)}`),
        /ended the connection in the key exchange/,
      ],
      ['breaks off', (client) => client.end('SSH-2.0-OpenSSH_9.2\r\n'), /closed the connection in the key exchange/],
    ])('a server that %s', async (_, treat, message) => {
      const rude = await server(treat)
      expect((await failure(hostAt(rude.port), UnreachableError)).message).toMatch(message)
      rude.stop()
    })

    test('only old algorithms: named as that', async () => {
      const old = await startSshd({ config: ['KexAlgorithms diffie-hellman-group14-sha1'] })
      const error = await failure(hostAt(old.port), UnreachableError)
      expect(error.message).toContain('speaks only old algorithms: there is no matching key exchange algorithm')
      await old.stop()
    })

    test('a server that accepts and says nothing, and one that stops in the key exchange', async () => {
      const mute = await server(() => undefined)
      const error = await failure(hostAt(mute.port, { connect: 1 }), TimeoutError)
      expect(error.message).toContain('accepted the connection and then said nothing')
      await expect(shownIdentities({ host: '127.0.0.1', port: mute.port }, { ...TIMEOUTS, connect: 1 })).rejects.toThrow(
        TimeoutError,
      )
      mute.stop()
      const half = await server((client) => client.write('SSH-2.0-OpenSSH_9.2\r\n'))
      expect((await failure(hostAt(half.port, { connect: 1 }), TimeoutError)).message).toContain(
        'stopped answering in the key exchange',
      )
      half.stop()
    })

    test('a stopped sshd: the kernel still accepts for it', async () => {
      const hung = await startSshd()
      process.kill(hung.pid, 'SIGSTOP')
      expect((await failure(hostAt(hung.port, { connect: 1 }), TimeoutError)).message).toContain('said nothing')
      await hung.stop()
    })

    test('a login that hangs on the server', async () => {
      const slow = await startSshd({
        config: ['AuthorizedKeysFile none', 'AuthorizedKeysCommand /bin/sleep 20', 'AuthorizedKeysCommandUser nobody'],
      })
      const policy = policyOf([trusted(slow.endpoint, slow.hostKey().fingerprint)])
      const host = new SshHost(targetOf(slow), policy, { ...TIMEOUTS, auth: 1 })
      expect((await failure(host, TimeoutError)).message).toContain('stopped answering in the login for 1 s')
      await slow.stop()
    })

    test('a black hole: no packet is answered', async () => {
      const hole = await blackHole()
      const error = await failure(hostAt(hole.port, { connect: 1 }), TimeoutError)
      expect(error.message).toContain('did not answer within 1 s')
      hole.stop()
    })

    test.each([0, 50, 100, 200])('cancelled after %d ms of waiting for a server that says nothing', async (wait) => {
      const mute = await server(() => undefined)
      const controller = new AbortController()
      const running = hostAt(mute.port).run('true', { ...limits, signal: controller.signal })
      setTimeout(() => controller.abort(), wait)
      await expect(running).rejects.toThrow(CancelledError)
      mute.stop()
    })

    test('closing a host ends the connecting', async () => {
      const mute = await server(() => undefined)
      const host = hostAt(mute.port)
      const running = host.run('true', limits)
      await host.close()
      await expect(running).rejects.toThrow(CancelledError)
      mute.stop()
    })
  })

  describe('in the middle of a program', () => {
    /** Says that it has begun, waits until it may go on, and says that it is done. */
    function slowOrder(name: string): {
      readonly begun: string
      readonly go: string
      readonly done: string
      readonly text: string
    } {
      const [begun, go, done] = ['begun', 'go', 'done'].map((word) => join(directory, `${name}.${word}`)) as [
        string,
        string,
        string,
      ]
      const text = `trap '' HUP PIPE; echo $$ >${begun}; until [ -e ${go} ]; do sleep 0.1; done; echo yes >${done}; put answer done`
      return { begun, go, done, text }
    }

    test.each<[string, () => void]>([
      ['is cut', () => proxy.cut()],
      ["loses its server's process", () => sshd.connections().forEach(killTree)],
    ])('a changing order whose link %s: unknown, and it may well have been carried out', async (name, hurt) => {
      const host = hostAt(proxy.port)
      const order = slowOrder(name.replace(/\W/g, '-'))
      const running = runScript(host, testScript(order.text, { changes: true }), limits)
      running.catch(() => undefined)
      await until('the order has begun', 10, () => existsSync(order.begun) || undefined)
      const orderPid = Number(readFileSync(order.begun, 'utf8'))
      if (name === 'is cut') hurt()
      else sshd.connections().forEach((pid) => pid !== orderPid && process.kill(pid, 'SIGKILL'))
      await expect(running).rejects.toThrow(UnknownOutcomeError)
      expect(existsSync(order.done)).toBe(false)
      writeFileSync(order.go, '')
      await until('the order is carried out all the same', 10, () => existsSync(order.done) || undefined)
      expect(await runScript(host, testScript('put answer again'), limits)).toBe('again')
    })

    test('a reading order whose link is cut: unreachable', async () => {
      const host = hostAt(proxy.port)
      const order = slowOrder('reading')
      const running = runScript(host, testScript(order.text), limits)
      running.catch(() => undefined)
      await until('it has begun', 10, () => existsSync(order.begun) || undefined)
      proxy.cut()
      await expect(running).rejects.toThrow(/the connection was lost \(/)
      writeFileSync(order.go, '')
    })

    test('a frozen link is ended by the keep-alive', async () => {
      const frozen = await startProxy(sshd.port)
      const host = hostAt(frozen.port, { keepAlive: 0.3 })
      await host.run('true', limits)
      const begun = join(directory, 'sleeps')
      const running = host.run(`echo yes >${begun}; sleep 60`, limits)
      await until('the program has begun', 10, () => existsSync(begun) || undefined)
      frozen.freeze()
      expect((await running).end).toEqual({ kind: 'cut', why: 'no answer to three keep-alive questions' })
      await frozen.stop()
    })

    test('an idle link that was cut is made anew by the next run', async () => {
      const host = hostAt(proxy.port)
      await host.run('true', limits)
      proxy.cut()
      await sshd.idle()
      expect(await runScript(host, testScript('put answer anew'), limits)).toBe('anew')
    })
  })

  test('closing leaves no connection behind, and can be done twice', async () => {
    const host = hostAt(sshd.port)
    await host.run('true', limits)
    await host.close()
    await host.close()
    await sshd.idle()
    expect(sshd.connections()).toEqual([])
  })

  test('closing a frozen link does not take long', async () => {
    const frozen = await startProxy(sshd.port)
    const host = hostAt(frozen.port)
    await host.run('true', limits)
    frozen.freeze()
    const began = Date.now()
    await host.close()
    expect(Date.now() - began).toBeLessThan(5000)
    await frozen.stop()
  })
})

/** A port whose connection requests are dropped: a stopped process with a full backlog. */
async function blackHole(): Promise<{ readonly port: number; stop(): void }> {
  const port = await freePort()
  const text = `require('net').createServer().listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGSTOP')
  const fillers: Socket[] = []
  await until('the backlog is full', 10, async () => {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined)
    fillers.push(filler)
    const connected = await new Promise<boolean>((resolve) => {
      filler.once('connect', () => resolve(true))
      setTimeout(() => resolve(false), 300)
    })
    return connected ? undefined : true
  })
  return {
    port,
    stop: () => {
      fillers.forEach((filler) => filler.destroy())
      child.kill('SIGKILL')
    },
  }
}
