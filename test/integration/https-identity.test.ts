import { type Server, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import { Secret } from '../../src/node/secret.ts'
import type { ShownIdentity, TrustRecord } from '../../src/node/trust.ts'
import { UnreachableError, UntrustedError, UsageError } from '../../src/outcome/errors.ts'
import { type MadeCertificate, type TestCertificate, makeCertificate, trustedCertificate } from '../support/certificates.ts'
import { API_KEY, type ConnectOptions, OddServer, agentAnswers, certificatePolicy, connectTo } from '../support/tls-server.ts'

/** The same words in another certificate: another key, the same names. */
let genuine: MadeCertificate
let impostor: TestCertificate
let server: OddServer
let keysRead: number
const servers: OddServer[] = []

beforeAll(async () => {
  genuine = await makeCertificate()
  impostor = await makeCertificate()
})
beforeEach(() => {
  keysRead = 0
})
afterEach(async () => {
  for (const each of servers.splice(0)) await each.stop()
})

async function start(certificate: TestCertificate, options: ServerOptions = {}): Promise<OddServer> {
  server = await OddServer.start(certificate, agentAnswers(), options)
  servers.push(server)
  return server
}

function pinned(certificate: TestCertificate, type?: string): TrustRecord {
  return trustedCertificate(server.endpoint, certificate, type)
}

const apiKey = (): Promise<Secret> => {
  keysRead++
  return Promise.resolve(new Secret(API_KEY))
}

/** One status call with these records. */
async function ask(known: readonly TrustRecord[], options: ConnectOptions = {}): Promise<unknown> {
  const policy = certificatePolicy(known)
  const connection = connectTo(server, { policy, ...options, target: { apiKey, ...options.target } })
  try {
    return await connection.status()
  } finally {
    await connection.close()
  }
}

/** The refusal, after which neither a byte of HTTP nor the key has left, whatever call it was. */
async function expectRefusal(known: readonly TrustRecord[], options: ConnectOptions = {}): Promise<UntrustedError> {
  const before = [server.received, keysRead]
  const error = await ask(known, options).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UntrustedError)
  expect([server.received, keysRead]).toEqual(before)
  return error as UntrustedError
}

describe('a pinned certificate', () => {
  test('is accepted, and only then is the key read and sent', async () => {
    await start(genuine)
    await expect(ask([pinned(genuine)])).resolves.toMatchObject({ running: true })
    expect(keysRead).toBe(1)
    expect(server.requests[0]?.authorization).toBe(`Bearer ${API_KEY}`)
    expect(server.connections).toBe(1)
  })

  test('is accepted whatever names it is for', async () => {
    const other = await makeCertificate({ hosts: ['elsewhere.example.com'] })
    const nameless = await makeCertificate({ hosts: [] })
    await start(other)
    await expect(ask([pinned(other)])).resolves.toBeDefined()
    server.show(nameless)
    await expect(ask([pinned(nameless)])).resolves.toBeDefined()
  })

  test('is accepted without the CA that issued it', async () => {
    const ca = await makeCertificate({ name: 'CA', ca: true })
    const leaf = await makeCertificate({ issuer: ca })
    await start(leaf)
    await expect(ask([pinned(leaf)])).resolves.toBeDefined()
  })

  test('two at once: the old and the new one, for a change without a gap', async () => {
    await start(genuine)
    const both = [pinned(genuine), pinned(impostor)]
    await expect(ask(both)).resolves.toBeDefined()
    server.show(impostor)
    await expect(ask(both)).resolves.toBeDefined()
  })
})

describe('an unknown certificate', () => {
  test('is refused after a bare handshake, with what it shows and the command that would accept it', async () => {
    await start(genuine)
    const error = await expectRefusal([])
    expect(error.message).toContain(`the identity of ${server.endpoint} is not known: ecdsa-p256 ${genuine.fingerprint}`)
    expect(error.hints).toContain(`akctl trust add mx1 --fingerprint ${genuine.fingerprint}`)
    expect(error.hints.join()).toContain('openssl x509')
  })

  test('is asked about once; yes is strict, and the key comes after it', async () => {
    await start(genuine)
    const asked: ShownIdentity[] = []
    const answer = (value: unknown) => (shown: ShownIdentity) => {
      expect(keysRead).toBe(0)
      asked.push(shown)
      return Promise.resolve(value as boolean)
    }
    await expectRefusal([], { policy: certificatePolicy([], answer(false)) })
    await expectRefusal([], { policy: certificatePolicy([], answer(1)) })
    await expect(ask([], { policy: certificatePolicy([], answer(true)) })).resolves.toBeDefined()
    expect(asked).toHaveLength(3)
    const { endpoint } = server
    expect(asked[2]).toMatchObject({ endpoint, kind: 'tls', type: 'ecdsa-p256', fingerprint: genuine.fingerprint })
    expect(asked[2]?.certificate?.trim()).toBe(genuine.cert.trim())
  })

  test('answering with yes accepts the certificate that was shown, and no other one', async () => {
    await start(genuine)
    const ask = async (): Promise<boolean> => {
      server.show(impostor)
      return Promise.resolve(true)
    }
    await expectRefusal([], { policy: certificatePolicy([], ask) })
  })
})

describe('another certificate than the accepted one', () => {
  async function expectChanged(accepted: TestCertificate, shown: TestCertificate): Promise<void> {
    const error = await expectRefusal([pinned(accepted)])
    expect(error.message).toContain(`THE IDENTITY OF ${server.endpoint} HAS CHANGED. Nothing was sent to it`)
    expect(error.message).toContain(`accepted: ecdsa-p256 ${accepted.fingerprint} (2025-01-02T03:04:05Z, ann@desk)`)
    expect(error.message).toContain(`shown now: ecdsa-p256 ${shown.fingerprint}`)
    expect(error.hints.join('\n')).toContain(`akctl trust remove ${server.endpoint}, then:\nakctl trust add mx1`)
  }

  test('of the same names: refused, old and new are shown', async () => {
    await start(impostor)
    await expectChanged(genuine, impostor)
  })

  test('of the same key, issued anew: refused', async () => {
    const again = await makeCertificate({ keys: genuine.keys })
    await start(again)
    await expectChanged(genuine, again)
  })

  test('by a chain of a self-made CA of the same name: refused', async () => {
    const ca = await makeCertificate({ name: 'mx1', ca: true })
    const leaf = await makeCertificate({ name: 'mx1', issuer: ca })
    await start({ ...leaf, cert: `${leaf.cert}\n${ca.cert}\n` })
    await expectChanged(genuine, leaf)
  })

  test('with the accepted one behind it in the chain, or signed by its key: refused', async () => {
    await start({ ...impostor, cert: `${impostor.cert}\n${genuine.cert}\n` })
    await expectChanged(genuine, impostor)
    const authority = await makeCertificate({ ca: true })
    const signed = await makeCertificate({ issuer: authority })
    server.show(signed)
    await expectChanged(authority, signed)
  })

  test('on a connection that would resume a session: there is none, and it is refused', async () => {
    const ticketKeys = randomBytes(48)
    server = await OddServer.start(genuine, agentAnswers({ '/status': ({ response }) => response.destroy() }), { ticketKeys })
    servers.push(server)
    const connection = connectTo(server, { policy: certificatePolicy([pinned(genuine)]), target: { apiKey } })
    await expect(connection.interfaces()).resolves.toHaveLength(1)
    await expect(connection.status()).rejects.toBeInstanceOf(UnreachableError)
    server.show(impostor)
    const { received } = server
    await expect(connection.interfaces()).rejects.toBeInstanceOf(UntrustedError)
    expect(server.received).toBe(received)
    await connection.close()
  })
})

describe('the dates of an accepted certificate', () => {
  test.each([
    ['expired', { from: -30, until: -2 }, /the accepted certificate of \S+ has expired: it was valid until 20/],
    ['not valid yet', { from: 2, until: 30 }, /the accepted certificate of \S+ is not valid yet: it is from 20\S+ on/],
  ] as const)('%s: refused, with the dates and what to do', async (_, dates, message) => {
    const certificate = await makeCertificate(dates)
    await start(certificate)
    const error = await expectRefusal([pinned(certificate)])
    expect(error.message).toMatch(message)
    expect(error.hints.join()).toMatch(/clock of this machine.*akctl nodes archive mx1 --rotate --out FILE/s)
  })

  test('an unknown one that has expired is refused and says both', async () => {
    await start(await makeCertificate({ from: -30, until: -2 }))
    expect((await expectRefusal([])).message).toMatch(/is not known: .* \(a certificate that has expired/)
  })
})

describe("a CA of the operator's", () => {
  let ca: MadeCertificate

  beforeAll(async () => {
    ca = await makeCertificate({ name: 'Our CA', ca: true })
  })

  test('accepts what it has issued for the address, and for the name', async () => {
    await start(await makeCertificate({ issuer: ca, hosts: ['127.0.0.1'] }))
    await expect(ask([pinned(ca, 'ca')])).resolves.toBeDefined()
    server.show(await makeCertificate({ issuer: ca, hosts: ['localhost'] }))
    const byName = [{ ...pinned(ca, 'ca'), endpoint: `localhost:${server.port}` }]
    await expect(ask(byName, { target: { host: 'localhost' } })).resolves.toBeDefined()
  })

  test.each<[string, () => Promise<TestCertificate>]>([
    ['for another name', () => makeCertificate({ issuer: ca, hosts: ['127.0.0.2', 'other.example.com'] })],
    ['that has expired', () => makeCertificate({ issuer: ca, from: -30, until: -2 })],
    ['that nobody issued', () => makeCertificate()],
    ['of a CA of the same name', async () => makeCertificate({ issuer: await makeCertificate({ name: 'Our CA', ca: true }) })],
  ])('does not accept a certificate %s', async (_, make) => {
    const shown = await make()
    await start(shown)
    const error = await expectRefusal([pinned(ca, 'ca')])
    expect(error.message).toContain('is not one that the accepted CA vouches for')
    expect(error.detail[0]).toContain(shown.fingerprint)
  })

  test('and a pinned certificate at once: either is enough', async () => {
    await start(genuine)
    const both = [pinned(ca, 'ca'), pinned(genuine)]
    await expect(ask(both)).resolves.toBeDefined()
    server.show(await makeCertificate({ issuer: ca }))
    await expect(ask(both)).resolves.toBeDefined()
    server.show(impostor)
    await expectRefusal(both)
  })
})

describe('no connection at all', () => {
  test('under NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    await start(genuine)
    const error = await ask([pinned(genuine)], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect([server.connections, keysRead]).toEqual([0, 0])
  })

  test.each<[string, (record: TrustRecord) => TrustRecord]>([
    [
      'without its certificate',
      (record) => Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'certificate')) as unknown as TrustRecord,
    ],
    ['with a broken one', (record) => ({ ...record, certificate: 'rubbish' })],
    ['with another one behind it', (record) => ({ ...record, certificate: `${record.certificate ?? ''}${impostor.cert}` })],
    ['with another one', (record) => ({ ...record, certificate: impostor.cert })],
  ])('for an accepted identity that is kept %s', async (_, change) => {
    await start(genuine)
    const error = await expectRefusal([change(pinned(genuine))])
    expect(error.message).toContain('damaged or missing')
    expect(server.connections).toBe(0)
  })

  test('with a server that speaks TLS 1.2 only', async () => {
    await start(genuine, { maxVersion: 'TLSv1.2' })
    await expect(ask([pinned(genuine)])).rejects.toThrow(/does not speak TLS 1.3/)
    expect([server.received, keysRead]).toEqual(['', 0])
  })

  test('with something that does not speak TLS', async () => {
    const plain: Server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume().end('220 mail.example.com ESMTP\r\n')
    })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.address() as AddressInfo
    const there = { port, endpoint: `127.0.0.1:${port}`, certificate: genuine }
    await expect(connectTo(there).status()).rejects.toThrow(/accepted the connection but did not speak TLS/)
    await new Promise((resolve) => plain.close(resolve))
  })
})
