import type { NodeConnection } from '../../src/connection/port.ts'
import {
  CancelledError,
  ConflictError,
  FailedError,
  TimeoutError,
  UnauthorizedError,
  UnknownOutcomeError,
  UnreachableError,
} from '../../src/outcome/errors.ts'
import { type TestCertificate, makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/ports.ts'
import {
  API_KEY,
  type Arrived,
  type ConnectOptions,
  ORDER,
  OddServer,
  VERSION,
  agentAnswers,
  answerJson,
  answerProblem,
  connectTo,
} from '../support/tls-server.ts'
import { until } from '../support/until.ts'

let certificate: TestCertificate
const open: (() => Promise<void>)[] = []

beforeAll(async () => {
  certificate = await makeCertificate()
})
afterEach(async () => {
  for (const end of open.splice(0)) await end()
})

/** An agent that does this for `status` and `restart`, else answers as agents do. */
async function serve(answer: (arrived: Arrived) => void, own: Parameters<typeof agentAnswers>[0] = {}): Promise<OddServer> {
  const server = await OddServer.start(certificate, agentAnswers({ '/status': answer, '/restart': answer, ...own }))
  open.unshift(() => server.stop())
  return server
}

function connect(server: OddServer, options: ConnectOptions = {}): NodeConnection {
  const connection = connectTo(server, options)
  open.unshift(() => connection.close())
  return connection
}

type Kind = new (message: string) => Error

/** What a read and a change come to when the agent does this. */
async function expectOutcomes(answer: (arrived: Arrived) => void, read: Kind, change: Kind, options?: ConnectOptions) {
  const server = await serve(answer)
  const reading = await connect(server, options)
    .status()
    .catch((reason: unknown) => reason)
  const { requests } = server
  const before = requests.filter(({ path }) => path === '/v1/restart').length
  const changing = await connect(server, options)
    .restart(ORDER)
    .catch((reason: unknown) => reason)
  expect(reading).toBeInstanceOf(read)
  expect(changing).toBeInstanceOf(change)
  expect(requests.filter(({ path }) => path === '/v1/restart')).toHaveLength(before + 1)
  return { reading: reading as FailedError, changing: changing as FailedError }
}

describe('calls', () => {
  test('carry what the API wants of them, and their answers are read', async () => {
    const server = await OddServer.start(certificate)
    open.unshift(() => server.stop())
    const connection = connect(server)
    await expect(connection.status()).resolves.toMatchObject({ running: true })
    await expect(connection.start(ORDER)).resolves.toEqual({ did: true })
    await connection.stop(ORDER)
    await connection.sync({ ...ORDER, settings: { profiling: true }, expect: 3, restart: true })
    await connection.diff({ profiling: true })
    await connection.rollback(ORDER)
    await connection.rollback({ ...ORDER, expect: 3, expectId: ORDER.id }, 2)
    await connection.interfaces()
    expect(server.requests.map(({ method, path, body }) => [method, path.replace('/v1/', ''), body])).toEqual([
      ['GET', 'status', undefined],
      ['GET', 'version', undefined],
      ['POST', 'start', ORDER],
      ['POST', 'stop', ORDER],
      ['POST', 'sync', { ...ORDER, settings: { profiling: true }, expect: 3, restart: true, addresses: ['203.0.113.5'] }],
      ['POST', 'diff', { settings: { profiling: true }, addresses: ['203.0.113.5'] }],
      ['POST', 'rollback', ORDER],
      ['POST', 'rollback', { ...ORDER, expect: 3, expectId: ORDER.id, to: 2 }],
      ['GET', 'interfaces', undefined],
    ])
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${API_KEY}`]))
    expect(server.connections).toBe(1)
  })

  test('an order is looked up by its id', async () => {
    const state = { id: ORDER.id, verb: 'sync', state: 'done', outcome: 'changed', revision: 4 }
    const server = await serve(() => undefined, { [`/orders/${ORDER.id}`]: (arrived) => answerJson(arrived, 200, state) })
    await expect(connect(server).order(ORDER.id)).resolves.toEqual(state)
  })

  test('fields of a newer minor version are passed over', async () => {
    const newer = { ...VERSION, api: { major: 1, minor: 7 }, more: true }
    const server = await serve((arrived) => answerJson(arrived, 200, { did: true, more: [1] }), {
      '/version': (arrived) => answerJson(arrived, 200, newer),
    })
    await expect(connect(server).restart(ORDER)).resolves.toEqual({ did: true })
  })
})

describe('the version', () => {
  test.each([
    ['newer', { major: 2, minor: 0 }, 'upgrade akctl on this machine'],
    ['older', { major: 0, minor: 9 }, 'upgrade the agent: akctl nodes archive mx1 --upgrade --out FILE'],
  ])('a %s major is refused before any change, and says which side to upgrade', async (_, api, hint) => {
    const server = await serve((arrived) => answerJson(arrived, 200, { did: true }), {
      '/version': (arrived) => answerJson(arrived, 200, { ...VERSION, api }),
    })
    const error = await connect(server)
      .restart(ORDER)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FailedError)
    expect((error as FailedError).hints.join()).toContain(hint)
    expect(server.paths()).toEqual(['GET /v1/version'])
  })

  test('an older minor is told of an expectation what it knows: no id, and none at all in a rollback', async () => {
    const server = await serve(() => undefined, {
      '/version': (arrived) => answerJson(arrived, 200, { ...VERSION, api: { major: 1, minor: 1 } }),
    })
    const expected = { ...ORDER, expect: 3, expectId: ORDER.id }
    await expect(connect(server).sync({ ...expected, settings: {}, restart: true })).resolves.toMatchObject({ wrote: true })
    await expect(connect(server).rollback(expected)).resolves.toMatchObject({ wrote: true })
    const sent = server.requests.filter(({ method }) => method === 'POST').map(({ body }) => body)
    expect(sent).toEqual([{ ...ORDER, settings: {}, expect: 3, restart: true, addresses: ['203.0.113.5'] }, ORDER])
  })

  test('an older minor that knows no previews: of a sync the files are told, a rollback is not previewed', async () => {
    const file = { file: 'main.cf', cause: 'pending', diff: '' } as const
    const server = await serve(() => undefined, {
      '/version': (arrived) => answerJson(arrived, 200, { ...VERSION, api: { major: 1, minor: 1 } }),
      '/diff': (arrived) => answerJson(arrived, 200, [file]),
    })
    await expect(connect(server).preview({ settings: {} })).resolves.toEqual({ files: [file] })
    await expect(connect(server).preview({ to: 'before' })).rejects.toThrow(/the agent does not know this call: it is older/)
  })

  test('an older minor that keeps no leases: an order goes without one, one that would keep it is not sent', async () => {
    const server = await serve((arrived) => answerJson(arrived, 200, { did: true }), {
      '/version': (arrived) => answerJson(arrived, 200, { ...VERSION, api: { major: 1, minor: 0 } }),
    })
    const connection = connect(server)
    await expect(connection.restart(ORDER)).resolves.toEqual({ did: true })
    expect(server.requests.at(-1)?.body).toEqual(expect.not.objectContaining({ lease: expect.anything() as unknown }))
    const sent = server.paths().length
    const error = await connection.restart({ ...ORDER, lease: { ...ORDER.lease, keep: true } }).catch((reason: unknown) => reason)
    expect(String(error)).toMatch(/the agent keeps no leases: it is older than this akctl; nothing was done/)
    expect((error as FailedError).hints.join()).toContain('--upgrade --out FILE')
    expect(server.paths()).toHaveLength(sent)
    await expect(connection.lease()).rejects.toThrow(/does not know this call/)
    await expect(connection.renewLease(ORDER.lease.id, 60)).rejects.toThrow(/does not know this call/)
    const newer = connect(await serve((arrived) => answerJson(arrived, 200, { did: true })))
    await expect(newer.restart({ ...ORDER, lease: { ...ORDER.lease, keep: true } })).resolves.toEqual({ did: true })
  })

  test('is what a call is judged by that the agent does not know', async () => {
    const missing = (arrived: Arrived): void => answerProblem(arrived, 404, 'usage', 'there is no such path')
    const same = await serve(missing)
    await expect(connect(same).status()).rejects.toThrow(/does not know this call/)
    const none = await serve(missing, { '/version': missing })
    const error = await connect(none)
      .status()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FailedError)
    expect((error as FailedError).message).toContain('nothing there speaks version 1 of the API')
    await expect(connect(none).restart(ORDER)).rejects.toThrow(/nothing there speaks/)
    expect(none.paths()).not.toContain('POST /v1/restart')
  })
})

describe('what the agent answers', () => {
  test('401 says that the key is wrong, and what to do', async () => {
    const { reading, changing } = await expectOutcomes(
      (arrived) => answerProblem(arrived, 401, 'unauthorized', 'the key is missing, or not one the agent accepts'),
      UnauthorizedError,
      UnauthorizedError,
    )
    expect(reading.hints.join()).toContain('akctl nodes archive mx1 --rotate')
    expect(changing.message).toContain('restart on mx1 (https://127.0.0.1')
  })

  test.each([
    [403, 'unauthorized', UnauthorizedError],
    [409, 'conflict', ConflictError],
    [422, 'failed', FailedError],
    [504, 'timeout', TimeoutError],
    [503, 'timeout', TimeoutError],
    [503, 'cancelled', CancelledError],
  ] as const)('%d with kind %s is that error, with its words', async (status, kind, error) => {
    const { reading, changing } = await expectOutcomes(
      (arrived) => answerProblem(arrived, status, kind, 'the words of the agent', ['do this']),
      error,
      error,
    )
    for (const each of [reading, changing]) expect([each.message, each.hints]).toEqual(['the words of the agent', ['do this']])
  })

  test('502 with kind unknown is unknown for a change', async () => {
    await expectOutcomes((arrived) => answerProblem(arrived, 502, 'unknown', 'not seen'), FailedError, UnknownOutcomeError)
  })

  test.each([
    [400, FailedError],
    [403, UnauthorizedError],
    [409, ConflictError],
    [413, FailedError],
  ] as const)('%d without a word that is known: nothing was done', async (status, error) => {
    await expectOutcomes((arrived) => answerProblem(arrived, status, 'usage', 'not so'), error, error)
    await expectOutcomes((arrived) => void arrived.response.writeHead(status).end('<html>'), error, error)
  })

  test('429 says when to try again', async () => {
    const { reading } = await expectOutcomes(
      (arrived) =>
        answerJson(
          arrived,
          429,
          { error: { kind: 'unauthorized', message: 'too many calls', hints: [] } },
          { 'retry-after': '7' },
        ),
      UnauthorizedError,
      UnauthorizedError,
    )
    expect(reading.hints).toContain('try again in 7 s')
    const bare = await expectOutcomes(({ response }) => void response.writeHead(429).end(), UnauthorizedError, UnauthorizedError)
    expect(bare.reading.hints).toContain('try again later')
  })

  test('500 and 503 without a word leave the end of a change open', async () => {
    await expectOutcomes((arrived) => answerProblem(arrived, 500, 'bug', 'a bug'), FailedError, UnknownOutcomeError)
    await expectOutcomes(({ response }) => void response.writeHead(503).end('draining'), UnreachableError, UnknownOutcomeError)
  })

  test('a redirect is refused, and the key goes nowhere else', async () => {
    const elsewhere = await serve((arrived) => answerJson(arrived, 200, {}))
    const location = `https://${elsewhere.endpoint}/v1/status`
    const { reading } = await expectOutcomes(
      ({ response }) => void response.writeHead(307, { location }).end(),
      FailedError,
      FailedError,
    )
    expect(reading.message).toContain(`redirect to ${location}`)
    expect([elsewhere.connections, elsewhere.received]).toEqual([0, ''])
  })

  test.each<[string, (arrived: Arrived) => void]>([
    ['no JSON', ({ response }) => void response.end('hello')],
    ['a field of another type', (arrived) => answerJson(arrived, 200, { running: 'yes', did: 'no' })],
    ['nothing', ({ response }) => void response.writeHead(204).end()],
  ])('an answer that is none: %s', async (_, answer) => {
    const { reading } = await expectOutcomes(answer, FailedError, UnknownOutcomeError)
    expect(reading.message).toContain("can't be read")
  })

  test('an answer over the limit is cut off', async () => {
    const flood = ({ response }: Arrived): void => {
      response.writeHead(200)
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(1 << 20)));
        response.once('drain', more)
      }
      more()
    }
    const { reading } = await expectOutcomes(flood, FailedError, UnknownOutcomeError)
    expect(reading.message).toContain('over the limit')
  })

  test('words of any length are cut to size', async () => {
    const server = await serve((arrived) =>
      answerJson(arrived, 422, {
        error: {
          kind: 'failed',
          message: 'm'.repeat(1e5),
          hints: Array(200).fill('h'.repeat(5000)),
          detail: Array(200).fill('d'),
        },
      }),
    )
    const error = (await connect(server)
      .status()
      .catch((reason: unknown) => reason)) as FailedError
    expect(JSON.stringify([error.message, error.hints, error.detail]).length).toBeLessThan(100_000)
  })
})

describe('links that fail', () => {
  test('nobody listens: unreachable, and nothing was sent', async () => {
    const port = await freePort()
    const there = { port, endpoint: `127.0.0.1:${port}`, certificate }
    for (const call of [connectTo(there).status(), connectTo(there).restart(ORDER)]) {
      await expect(call).rejects.toThrow(/nothing listening on that port/)
      await expect(call).rejects.toBeInstanceOf(UnreachableError)
    }
  })

  test('cut once the request was read: unknown for a change, which is not sent again', async () => {
    const { changing } = await expectOutcomes(
      ({ request }) => void request.socket.destroy(),
      UnreachableError,
      UnknownOutcomeError,
    )
    expect(changing.message).toContain('the order was sent, but its end was not seen')
  })

  test.each<[string, (arrived: Arrived) => void]>([
    ['shorter than it says', ({ response }) => void response.writeHead(200, { 'content-length': 900 }).write('{"running":')],
    ['in pieces without an end', ({ response }) => void response.writeHead(200).write('{"running":')],
  ])('a body %s is cut off', async (_, begin) => {
    const cut = (arrived: Arrived): void => {
      begin(arrived)
      setTimeout(() => arrived.request.socket.destroy(), 50)
    }
    await expectOutcomes(cut, UnreachableError, UnknownOutcomeError)
  })

  test('what is no HTTP is no answer', async () => {
    await expectOutcomes(
      ({ request }) => void request.socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
      FailedError,
      UnknownOutcomeError,
    )
  })

  test('no answer in time: timeout while reading, unknown for a change', async () => {
    const timeouts = { connect: 10, command: 0.3, change: 0.4 }
    const { reading, changing } = await expectOutcomes(() => undefined, TimeoutError, UnknownOutcomeError, { timeouts })
    expect(reading.message).toContain('no answer within 0.3 s')
    expect(changing.message).toContain('no answer within 0.4 s')
  })

  test('a server that accepts and says nothing in the handshake: timeout, nothing was sent', async () => {
    const { createServer } = await import('node:net')
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const there = { port, endpoint: `127.0.0.1:${port}`, certificate }
    const timeouts = { connect: 0.3, command: 5, change: 5 }
    await expect(connectTo(there, { timeouts }).restart(ORDER)).rejects.toThrow(TimeoutError)
    await new Promise((resolve) => silent.close(resolve))
  })

  test('a reading call meets a connection that died meanwhile: it is made again; a changing one is not', async () => {
    const server = await serve((arrived) => arrived.request.socket.destroy(), {
      '/interfaces': (arrived) => {
        const first = server.paths().filter((path) => path.endsWith('/interfaces')).length === 1
        if (first) arrived.request.socket.destroy()
        else answerJson(arrived, 200, [])
      },
    })
    const connection = connect(server)
    await connection.diff({})
    const old = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1100)) // a younger one is not suspected
    await old()
    await expect(connection.interfaces()).resolves.toEqual([])
    expect(server.paths().filter((path) => path.endsWith('/interfaces'))).toHaveLength(2)
    await old()
    await expect(connection.restart(ORDER)).rejects.toBeInstanceOf(UnknownOutcomeError)
    expect(server.paths().filter((path) => path.endsWith('/restart'))).toHaveLength(1)
  })
})

describe('cancelling', () => {
  test('before anything was sent: nothing is', async () => {
    const server = await serve(() => undefined)
    for (const call of ['status', 'restart'] as const) {
      await expect(connect(server, { signal: AbortSignal.abort() })[call](ORDER)).rejects.toBeInstanceOf(CancelledError)
    }
    expect([server.connections, server.received]).toEqual([0, ''])
  })

  test('a read that waits is cancelled; a change that was sent is unknown', async () => {
    const server = await serve(() => undefined)
    for (const [call, error] of [
      ['status', CancelledError],
      ['restart', UnknownOutcomeError],
    ] as const) {
      const abort = new AbortController()
      const done = connect(server, { signal: abort.signal })
        [call](ORDER)
        .catch((reason: unknown) => reason)
      await until('the request is there', 10, () => (server.paths().at(-1)?.endsWith(call) === true ? true : undefined))
      abort.abort()
      expect(await done).toBeInstanceOf(error)
    }
  })
})
