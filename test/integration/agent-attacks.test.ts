// What is thrown at a listening agent, and what must not come of it. The node is a real Postfix, as a node is attacked
// through its agent to get at the node.
import { type Socket, connect as connectPlain } from 'node:net'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { API, type ApiCall } from '../../src/connection/wire/api.ts'
import {
  type Answer,
  KEY,
  type TestAgent,
  expectServing,
  holdLock,
  orderBody,
  processesNaming,
  syncBody,
  postfixAgents,
} from '../support/agent.ts'
import type { LocalNode } from '../support/local-node.ts'
import { parameter } from '../support/postfix.ts'
import { until } from '../support/until.ts'

const make = postfixAgents()
const WRONG = 'a-wrong-key-of-an-attacker'
let node: LocalNode
let agent: TestAgent
let keeper: number

beforeAll(async () => {
  ;({ node, agent, keeper } = await make())
})

describe('without an accepted key', () => {
  const targets: readonly (readonly [string, string])[] = [
    ...(Object.values(API) as ApiCall[]).map(
      ({ method, path }) => [method, `/v1${path.replace(':id', '0'.repeat(26))}`] as const,
    ),
    ['GET', '/v1/openapi.json'],
    ['GET', '/nothing'],
    ['GET', '/v1/%zz'],
    ['DELETE', '/v1/sync'],
  ]

  it('every call, known or not, has one and the same answer', async () => {
    const answers: Answer[] = []
    for (const [method, path] of targets) {
      for (const key of [null, WRONG, '', KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase()]) {
        answers.push(await agent.call(method, path, undefined, { key }))
      }
    }
    const told = (answer: Answer): string =>
      JSON.stringify([answer.text, answer.headers['www-authenticate'], answer.headers['content-type']])
    const refused = answers.filter(({ status }) => status === 401)
    expect(new Set(refused.map(told)).size).toBe(1)
    expect(answers.filter(({ status }) => status !== 401 && status !== 429)).toEqual([])
    expect(answers.find(({ status }) => status === 429)?.headers['retry-after']).toMatch(/^\d+$/)
    await expectServing(agent, keeper)
  })
})

describe('what is no request', () => {
  it('TLS 1.2, plain HTTP and noise are refused without harm', async () => {
    const old = connectTls({ host: '127.0.0.1', port: agent.port, maxVersion: 'TLSv1.2', rejectUnauthorized: false })
    await expect(new Promise((done, fail) => old.on('secureConnect', done).on('error', fail))).rejects.toThrow(/version|alert/i)
    for (const bytes of ['GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n', '\0\u0001\u0002', '\u0016\u0003\u0001']) {
      const plain = connectPlain({ host: '127.0.0.1', port: agent.port })
      plain.on('error', () => undefined).on('data', (chunk: Buffer) => expect(chunk.toString('latin1')).not.toContain('HTTP'))
      plain.end(bytes, 'latin1')
      await new Promise((closed) => plain.on('close', closed))
    }
    await expectServing(agent, keeper)
  })

  it.each([
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['two lengths', `POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx`, /^HTTP\/1\.1 400 /],
    [
      'a length and chunks',
      `POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    ['no host', 'GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 4(01|29) /],
    ['a tunnel', 'CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 405 /],
    [
      'another protocol',
      'GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      /^HTTP\/1\.1 4(01|29) /,
    ],
    [
      'an expectation',
      'GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: much\r\n\r\n',
      /^HTTP\/1\.1 4(01|29) /,
    ],
  ])('%s', async (_, bytes, answer) => {
    expect(await agent.raw(bytes)).toMatch(answer)
    await expectServing(agent, keeper)
  })
})

it('16 readers of a long log that take nothing and leave keep no later one out', async () => {
  const line = JSON.stringify({ level: 'info', event: 'call', why: 'x'.repeat(2000) })
  appendFileSync(join(agent.folder, 'log/agent.log'), `${line}\n`.repeat(3800))
  const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n`
  const query = { source: 'agent', lines: 3800, follow: false }
  const body = JSON.stringify(query)
  const ended = (): number => agent.log().filter((entry) => entry['path'] === '/v1/logs' && entry['left'] === true).length
  const before = ended()
  const readers = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const socket = await agent.socket()
      socket.on('error', () => undefined).write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`)
      await new Promise((begun) => socket.once('readable', begun))
      return socket
    }),
  )
  let sent = -1
  await until('the agent can send no more', 20, () => (sent === (sent = unsent(agent.port)) ? true : undefined))
  expect((await agent.call('POST', '/v1/logs', query)).status).toBe(503)
  for (const socket of readers) socket.destroy()
  await until('the agent knows that they left', 10, () => (ended() === before + 16 ? true : undefined))
  expect((await agent.call('POST', '/v1/logs', { ...query, lines: 1 })).status).toBe(200)
})

it('a tunnel whose client keeps its own side open is cut, and SIGTERM waits for no such connection', async () => {
  const halfOpen = async (): Promise<Socket> => {
    const raw = connectPlain({ host: '127.0.0.1', port: agent.port, allowHalfOpen: true }).on('error', () => undefined)
    const socket = connectTls({ socket: raw, rejectUnauthorized: false }).on('error', () => undefined)
    socket.write('CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((answered) => socket.once('data', answered))
    return raw
  }
  const tunnel = await halfOpen()
  await until('it is cut', 5, () => (tunnel.write('x'), tunnel.destroyed) || undefined)
  const left = [await halfOpen(), await agent.socket()]
  left[1]?.on('error', () => undefined)
  const began = performance.now()
  await agent.stop()
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(agent.log().at(-1)).toMatchObject({ event: 'ended', level: 'notice' })
  for (const socket of left) socket.destroy()
  keeper = await agent.start()
})

describe('what would be more than a setting', () => {
  const trap = (): string => join(node.directory, 'trapped')

  it.each([
    ['a line break in a reason', { reason: 'x\ny' }],
    ['a line break in a name', { by: 'x\r\nrevision=9' }],
    ['two headers in a name', { settings: { 'fbl-header-name': 'X: y\nZ' } }],
    ['a line break in an address', { settings: { 'smtp-admin-email': 'a@example.com\nmynetworks=0.0.0.0/0' } }],
    ['a shell text as an address to send from', { addresses: ['127.0.0.1;id'] }],
    ['a zone in an address', { addresses: ['fe80::1%$(id)'] }],
    ['a path as an id', { id: '../../../../tmp/x' }],
    ['a file', { files: { 'main.cf': 'x' } }],
    ['a directory', { directory: '/etc' }],
  ])('%s is refused', async (_, change) => {
    const before = node.currentRevision()
    expect(await agent.call('POST', '/v1/sync', syncBody({}, change))).toMatchObject({ status: 400 })
    expect(node.currentRevision()).toBe(before)
  })

  it('shell text that is a text stays one', async () => {
    const shell = `$(touch ${trap()}) \`touch ${trap()}\` ; touch ${trap()} ' " \\`
    const settings = {
      'smtp-admin-email': "`touch`'x@example.com",
      'fbl-header-name': `X$(touch\t${trap()})`.replace('\t', '${IFS}'),
    }
    const { status } = await agent.call('POST', '/v1/sync', syncBody(settings, { by: shell, reason: shell }))
    expect(status).toBe(200)
    expect(existsSync(trap())).toBe(false)
    expect(JSON.parse(node.read('akctl/current/send-module.json'))).toMatchObject({ by: shell, reason: shell })
    await agent.call('POST', '/v1/sync', syncBody({}))
  })

  it.each([
    { source: '../../etc/passwd' },
    { source: '/etc/shadow' },
    { lines: '1; id' },
    { since: '$(id)' },
    { file: '/etc/shadow' },
  ])('a log query with %j is refused', async (change) => {
    const body = { source: 'mta', lines: 1, follow: false, ...change }
    expect(await agent.call('POST', '/v1/logs', body)).toMatchObject({ status: 400 })
  })

  it('a path that climbs is no path', async () => {
    for (const path of ['/v1/../../etc/passwd', '/v1/orders/..%2f..%2fetc', '/v1/orders/%2e%2e', '//v1/status', '/v1/status/']) {
      expect((await agent.call('GET', path)).status).toBeGreaterThanOrEqual(400)
    }
  })
})

it('kill -9 of the agent in the middle of a sync leaves the old or the new revision, whole', async () => {
  const before = node.currentRevision()
  const body = syncBody({ 'esmtp-connection-timeout': 41 })
  const lock = await holdLock(node.directory)
  const call = agent.call('POST', '/v1/sync', body).then(
    () => 'answered',
    () => 'cut',
  )
  await lock.waitedFor()
  process.kill(keeper, 'SIGKILL')
  expect(await call).toBe('cut')
  lock.free()
  await until('nothing works at it any more', 30, () => (processesNaming(String(body['id'])).length === 0 ? true : undefined))
  keeper = await agent.start()
  const after = node.currentRevision()
  const timeout = parameter(node.directory, 'smtp_connect_timeout')
  expect([before, before + 1]).toContain(after)
  expect(timeout === '41s').toBe(after === before + 1)
  const { json } = await agent.call('GET', `/v1/orders/${String(body['id'])}`)
  expect(json).toMatchObject({ state: after === before ? 'died' : 'done' })
  expect(await agent.call('GET', '/v1/status')).toMatchObject({ status: 200, json: { edited: [] } })
})

describe('the log', () => {
  it('has a line for a refused call as for an allowed one', async () => {
    const calls = (): Record<string, unknown>[] => agent.log().filter((line) => line['event'] === 'call')
    const { id } = orderBody()
    await agent.call('GET', '/v1/status', undefined, { key: null, localAddress: '127.0.0.77' })
    await agent.call('GET', `/v1/nothing?key=${KEY}`)
    await agent.call('POST', '/v1/stop', { id })
    await agent.call('POST', '/v1/stop', orderBody({ id }))
    await until('the line of the order', 5, () => (calls().some((call) => call['order'] === id) ? true : undefined))
    expect(calls().slice(-4)).toEqual([
      expect.objectContaining({ from: '127.0.0.77', method: 'GET', path: '/v1/status', status: 401, kind: 'unauthorized' }),
      expect.objectContaining({ path: '(unknown)', status: 404, kind: 'usage' }),
      expect.objectContaining({ method: 'POST', path: '/v1/stop', status: 400, kind: 'usage' }),
      expect.objectContaining({ path: '/v1/stop', status: 200, order: id, by: 'test@here' }),
    ])
  })

  it('has no key in it, right or wrong', () => {
    const text = readFileSync(join(agent.folder, 'log/agent.log'), 'utf8')
    expect(text).not.toContain(KEY)
    expect(text).not.toContain(WRONG)
    expect(text).not.toMatch(/[^\n\P{Cc}]/u)
  })
})

/** Bytes that wait in the kernel to be sent from a local port. */
function unsent(port: number): number {
  const local = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address = '']) => address.endsWith(`:${local}`))
    .reduce((sum, [, , , , queues = '']) => sum + Number.parseInt(queues.split(':')[0] ?? '', 16), 0)
}
