// Too much of everything at a listening agent: wrong keys, connections, bytes, requests. One who has a key is served
// meanwhile, and the agent is afterwards what it was.
import { readFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { API, type ApiCall } from '../../src/connection/wire/api.ts'
import { KEY, type TestAgent, expectServing, processFacts, syncBody, postfixAgents } from '../support/agent.ts'
import type { LocalNode } from '../support/local-node.ts'
import { until } from '../support/until.ts'
import { random } from '../support/random.ts'

const make = postfixAgents()
const WRONG = 'a-wrong-key-of-an-attacker'
let node: LocalNode
let agent: TestAgent
let keeper: number

beforeAll(async () => {
  ;({ node, agent, keeper } = await make())
})

const serving = (localAddress?: string): Promise<void> => expectServing(agent, keeper, localAddress)
const residentKiB = (pid: number): number => Number.parseInt(processFacts(pid)['VmRSS'] ?? '', 10)

/** Many requests over a few kept connections. @returns how many answers had which status; 0: cut */
async function flood(
  count: number,
  make: (index: number) => {
    readonly method: string
    readonly path: string
    readonly key?: string | null
    readonly body?: string
  },
): Promise<Readonly<Record<number, number>>> {
  const connections = new Agent({ keepAlive: true, maxSockets: 16 })
  const statuses: Record<number, number> = {}
  let next = 0
  const one = (index: number): Promise<number> =>
    new Promise((done) => {
      const { method, path, body, key = KEY } = make(index)
      const headers =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
      const options = { ...agent.requestOptions(method, path, { key, headers }), agent: connections }
      const request = httpsRequest(options, (response) => {
        response.resume()
        response.on('close', () => done(response.statusCode ?? 0))
      })
      request.on('error', () => done(0))
      request.end(body)
    })
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const status = await one(index)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  connections.destroy()
  return statuses
}

it('10,000 wrong keys cost no memory, and one with a key is served meanwhile', async () => {
  const listener = agent.listenerPid() ?? 0
  await flood(5000, (index) => ({ method: 'POST', path: '/v1/sync', key: `${WRONG}-${index}` }))
  const before = residentKiB(listener)
  const flooding = { over: false }
  const work = flood(5000, (index) => ({ method: 'POST', path: '/v1/sync', key: `${WRONG}-more-${index}` })).finally(
    () => (flooding.over = true),
  )
  let served = 0
  while (!flooding.over) {
    await serving()
    served += 1
  }
  const statuses = await work
  expect((statuses[401] ?? 0) + (statuses[429] ?? 0)).toBe(5000)
  expect(statuses[429]).toBeGreaterThan(4000)
  expect(served).toBeGreaterThan(3)
  expect(agent.listenerPid()).toBe(listener)
  expect(residentKiB(listener) - before).toBeLessThan(16 * 1024) // of what the first 5000 have warmed up
})

describe('too much, too slow', () => {
  it('500 connections that never finish a request lock nobody out, and are ended', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, (_, index) => slow(`127.0.0.${2 + (index % 10)}`).catch(() => undefined)),
    )
    await serving('127.0.0.3')
    await serving()
    const open = (): number => sockets.filter((socket) => socket !== undefined && !socket.destroyed).length
    const drip = setInterval(() => sockets.forEach((socket) => socket?.write('x')), 1000)
    expect(await until('all of them are ended', 30, () => (open() === 0 ? true : undefined))).toBe(true)
    clearInterval(drip)
    await serving()
  })

  it('200 connections that never shake hands lock nobody out', async () => {
    const sockets = Array.from({ length: 200 }, () => connectPlain({ host: '127.0.0.1', port: agent.port }))
    for (const socket of sockets) socket.on('error', () => undefined).resume()
    await until('they are all open, or ended already', 10, () =>
      sockets.every(({ connecting }) => !connecting) ? true : undefined,
    )
    await serving()
    expect(await until('all of them are ended', 20, () => (sockets.every(({ closed }) => closed) ? true : undefined))).toBe(true)
  })

  it.each([
    ['with a key', KEY, [413]],
    ['without', WRONG, [401, 429]],
  ])('a body of 1 GB %s is cut off early', async (_, key, statuses) => {
    const before = agent.log().length
    const { sent, answer } = await stream(key, 1024)
    expect(sent).toBeLessThan(32)
    expect([...statuses, undefined]).toContain(answer) // which a reset may overtake; the log has it whatever came through
    const calls = (): unknown[] =>
      agent
        .log()
        .slice(before)
        .filter(({ event, path }) => event === 'call' && path !== '/v1/version') // of the look before, whose line may come late
        .map((line) => line['status'])
    await until('the log has it', 5, () => calls().length > 0 || undefined)
    expect(statuses).toContain(calls()[0])
    await serving()
  })

  it('a body that says it is long is not waited for', async () => {
    const head = `POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n`
    expect(await agent.raw(`${head}Content-Length: 65537\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('headers of 64 KB are 431', async () => {
    const answer = await agent.raw(`GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`)
    expect(answer).toMatch(/^(HTTP\/1\.1 431 |$)/)
    await serving()
    await until('the log has it', 5, () => (agent.log().some((line) => line['status'] === 431) ? true : undefined))
  })
})

it('10,000 fuzzed requests with a key change nothing, and none is an error of the agent', async () => {
  const before = node.currentRevision()
  const below = random(20_261_124)
  const statuses = await flood(10_000, () => fuzzed(below))
  expect(
    Object.keys(statuses)
      .map(Number)
      .filter((status) => status < 400 || status >= 500),
  ).toEqual([])
  expect(node.currentRevision()).toBe(before)
  expect(agent.log().filter((line) => line['event'] === 'bug')).toEqual([])
  await serving()
})

it('counts all that was thrown at it, and has no key in it, right or wrong', () => {
  const lines = agent.log()
  expect(lines.filter((line) => line['status'] === 401 || line['status'] === 429).length).toBeGreaterThanOrEqual(10_000)
  const text = readFileSync(join(agent.folder, 'log/agent.log'), 'utf8')
  expect(text).not.toContain(KEY)
  expect(text).not.toContain(WRONG)
  expect(text).not.toMatch(/[^\n\P{Cc}]/u)
})

/** A TLS connection with half a request on it. */
async function slow(localAddress: string): Promise<TLSSocket> {
  const socket = await agent.socket(localAddress)
  socket.on('error', () => undefined)
  socket.write('GET /v1/status HTTP/1.1\r\nX-Slow: ')
  return socket
}

/** Streams a body. @returns how many MiB were taken, and the status if one was seen */
function stream(key: string, mebibytes: number): Promise<{ readonly sent: number; readonly answer: number | undefined }> {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  const request = httpsRequest(agent.requestOptions('POST', '/v1/sync', { key, headers }))
  const chunk = Buffer.alloc(1024 * 1024, 0x20)
  return new Promise((done) => {
    let [sent, answer] = [0, undefined as number | undefined]
    request.on('response', (response) => {
      answer = response.statusCode
      response.on('error', () => undefined).resume()
    })
    request.on('error', () => undefined).on('close', () => done({ sent, answer }))
    const more = (): void => {
      if (request.destroyed) return
      if (sent >= mebibytes) request.end()
      else
        request.write(chunk, (error) => {
          if (error) return
          sent += 1
          setImmediate(more)
        })
    }
    more()
  })
}

/** A request that is never quite right. */
function fuzzed(below: (below: number) => number): { readonly method: string; readonly path: string; readonly body?: string } {
  const posts = (Object.values(API) as ApiCall[]).filter(({ method }) => method === 'POST').map(({ path }) => `/v1${path}`)
  const path = posts[below(posts.length)] ?? ''
  const odd = (): unknown =>
    [null, true, -1, 1e308, 'x'.repeat(below(300)), [], {}, '\0', '\u2028', [[[]]], '💣', '../..'][below(12)]
  const names = [
    'id',
    'by',
    'reason',
    'at',
    'lockWait',
    'settings',
    'expect',
    'restart',
    'addresses',
    'source',
    'lines',
    'follow',
    'to',
  ]
  switch (below(5)) {
    case 0: {
      const whole = JSON.stringify(syncBody({ 'esmtp-connection-timeout': 9 }))
      return { method: 'POST', path, body: whole.slice(0, below(whole.length - 1)) }
    }
    case 1:
      return { method: 'POST', path, body: JSON.stringify({ ...syncBody({}), wrong: odd() }) }
    case 2:
      return {
        method: 'POST',
        path,
        body: JSON.stringify(Object.fromEntries(names.slice(below(names.length)).map((name) => [name, odd()]))),
      }
    case 3:
      return {
        method: 'POST',
        path,
        body: JSON.stringify({ ...syncBody({}), lockWait: -1 - below(5), lines: -1, settings: odd(), source: odd() }),
      }
    default: {
      const words = Array.from({ length: 1 + below(5) }, () => encodeURIComponent(String.fromCodePoint(33 + below(1000))))
      return { method: ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'POST'][below(6)] ?? 'GET', path: `/v1/x${words.join('/')}` }
    }
  }
}
