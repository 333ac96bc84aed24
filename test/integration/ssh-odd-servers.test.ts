import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server, utils, type Connection, type ParsedKey, type ServerChannel, type Session } from 'ssh2'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import {
  CancelledError,
  TimeoutError,
  UnauthorizedError,
  UnknownOutcomeError,
  UnreachableError,
  UntrustedError,
} from '../../src/outcome/errors.ts'
import { makeKey, type KeyPair } from '../support/sshd.ts'
import { endpointOf, policyOf, targetOf, testScript, TIMEOUTS, trusted } from '../support/ssh-target.ts'
import { tempDir } from '../support/temp.ts'

/** What a server does once somebody has logged in; it counts the commands it was given. */
type Behaviour = (connection: Connection, seen: { execs: number }) => void

interface Served {
  readonly host: SshHost
  readonly seen: { execs: number }
  readonly port: number
}

/** Servers that no sshd is: they misbehave at exact points of the protocol. */
describe('an odd server', () => {
  const directory = tempDir()
  const limits = { timeout: 1 }
  let hostKey: KeyPair
  let user: KeyPair
  let open: (() => void)[] = []

  beforeAll(() => {
    hostKey = makeKey(join(directory, 'host'))
    user = makeKey(join(directory, 'user'))
  })
  afterEach(() => {
    open.forEach((close) => close())
    open = []
  })

  async function serve(behaviour: Behaviour, key: ParsedKey | Buffer = readFileSync(hostKey.file)): Promise<Served> {
    const seen = { execs: 0 }
    const server = new Server({ hostKeys: [{ key: key as Buffer }] }, (connection) => {
      connection.on('error', () => undefined)
      connection.on('authentication', (context) => context.accept())
      connection.on('ready', () => behaviour(connection, seen))
      open.push(() => connection.end())
    })
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    })
    const policy = policyOf([trusted(`127.0.0.1:${port}`, hostKey.fingerprint, 'ssh-ed25519')])
    const host = new SshHost(targetOf({ port, user: 'root', key: user }), policy, TIMEOUTS)
    open.push(
      () => server.close(),
      () => void host.close(),
    )
    return { host, seen, port }
  }

  const privateKey = ({ file }: KeyPair): ParsedKey & { sign(data: Buffer): Buffer } =>
    utils.parseKey(readFileSync(file)) as ParsedKey & { sign(data: Buffer): Buffer }

  /** A server that takes sessions and treats commands like this. */
  function executing(treat: (accept: () => ServerChannel, connection: Connection, reject: () => void) => void): Behaviour {
    return (connection, seen) => {
      connection.on('session', (accept) => {
        const session: Session = accept()
        session.on('exec', (takeOn, refuse) => {
          seen.execs += 1
          treat(takeOn, connection, refuse)
        })
      })
    }
  }

  test('never answers the request for a session: nothing was sent, also when it answers too late', async () => {
    let late: (() => unknown) | undefined
    const { host, seen } = await serve((connection, counted) => {
      connection.on('session', (accept) => {
        late = () => accept().on('exec', () => (counted.execs += 1))
      })
    })
    const order = testScript('put answer x', { changes: true })
    await expect(runScript(host, order, limits)).rejects.toThrow(TimeoutError)
    late?.()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(seen.execs).toBe(0)
  })

  test('takes the command and never says whether it does it: the outcome of a changing order is unknown', async () => {
    const { host, seen } = await serve(executing(() => undefined))
    expect((await host.run('true', limits)).end).toEqual({ kind: 'timeout', seconds: 1 })
    await expect(runScript(host, testScript('put answer x', { changes: true }), limits)).rejects.toThrow(UnknownOutcomeError)
    expect(seen.execs).toBe(2)
  })

  test('hangs up right after the login, on the request for a session, or on the command', async () => {
    const atOnce = await serve((connection) => connection.end())
    await expect(atOnce.host.run('true', limits)).rejects.toThrow(UnreachableError)
    const early = await serve((connection) => connection.on('session', () => connection.end()))
    await expect(early.host.run('true', limits)).rejects.toThrow(UnreachableError)
    const late = await serve(executing((_, connection) => connection.end()))
    expect((await late.host.run('true', { timeout: 10 })).end.kind).toBe('cut')
  })

  test('refuses the command: nothing was done', async () => {
    const { host } = await serve(executing((_accept, _connection, refuse) => refuse()))
    const order = testScript('put answer x', { changes: true })
    await expect(runScript(host, order, limits)).rejects.toThrow(UnauthorizedError)
  })

  test('closes the channel without an exit status: cut, whatever was printed', async () => {
    const { host } = await serve(
      executing((accept) => {
        const channel = accept()
        channel.write('half an answer')
        channel.close()
      }),
    )
    const result = await host.run('true', { timeout: 10 })
    expect(result).toMatchObject({ end: { kind: 'cut', why: 'the server gave no exit status' }, stdout: 'half an answer' })
  })

  test('cancelling while it thinks about the session, and about the command', async () => {
    const thinking = await serve((connection) => connection.on('session', () => undefined))
    await expect(thinking.host.run('true', { timeout: 10, signal: AbortSignal.timeout(300) })).rejects.toThrow(CancelledError)
    const acting = await serve(executing(() => undefined))
    const { end } = await acting.host.run('true', { timeout: 10, signal: AbortSignal.timeout(500) })
    expect(end).toEqual({ kind: 'cut', why: 'cancelled' })
  })

  test.each<[string, (data: Buffer) => Buffer]>([
    ['no signature', () => Buffer.alloc(64, 1)],
    ['a signature that is too short', (data) => privateKey(hostKey).sign(data).subarray(1)],
    ["another key's signature", (data) => privateKey(user).sign(data)],
    ['a signature of something else', (data) => privateKey(hostKey).sign(data.subarray(1))],
  ])('shows the accepted host key without having its private half: %s', async (_, sign) => {
    const forged = Object.defineProperty(privateKey(hostKey), 'sign', { value: sign })
    const { host } = await serve(() => undefined, forged)
    await expect(host.run('true', limits)).rejects.toThrow(UntrustedError)
    await expect(host.run('true', limits)).rejects.toThrow('could not prove that it has it')
  })

  test('is a jump host that goes away while the node behind it is greeted', async () => {
    const { port } = await serve((connection) => {
      connection.on('tcpip', (accept) => {
        accept().write('SSH-2.0-OpenSSH_9.2\r\n', () => setTimeout(() => connection.end(), 100))
      })
    })
    const policy = policyOf([trusted(`127.0.0.1:${port}`, hostKey.fingerprint)])
    const jump = endpointOf({ port, user: 'root', key: user })
    const host = new SshHost(targetOf({ port: 22, user: 'root', key: user }, { jump }), policy, TIMEOUTS)
    await expect(host.run('true', { timeout: 5 })).rejects.toThrow(UnreachableError)
    await host.close()
  })

  test('floods with output after the end: the answer is there all the same', async () => {
    const { host } = await serve(
      executing((accept) => {
        const channel = accept()
        channel.exit(0)
        const timer = setInterval(() => channel.write('x'), 100)
        channel.on('close', () => clearInterval(timer))
        open.push(() => clearInterval(timer))
      }),
    )
    const { end } = await host.run('true', { timeout: 4 })
    expect(end).toEqual({ kind: 'exit', status: 0 })
  })
})
