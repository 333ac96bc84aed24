// Every call of the API against a real Postfix node; what is true is looked up in the node's files and processes.
import { request as httpsRequest } from 'node:https'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { API, type ApiCall } from '../../src/connection/wire/api.ts'
import { type Answer, type TestAgent, holdLock, orderBody, processesNaming, syncBody, postfixAgents } from '../support/agent.ts'
import type { LocalNode } from '../support/local-node.ts'
import { masterPids, parameter } from '../support/postfix.ts'
import { until } from '../support/until.ts'

const make = postfixAgents()
let node: LocalNode
let agent: TestAgent

beforeAll(async () => {
  ;({ node, agent } = await make())
})

const get = (path: string): Promise<Answer> => agent.call('GET', `/v1${path}`)
const post = (path: string, body: unknown): Promise<Answer> => agent.call('POST', `/v1${path}`, body)
const records = (answer: Answer): { readonly at?: number; readonly level: string; readonly text: string }[] =>
  answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { at?: number; level: string; text: string })

describe('calls', () => {
  it('version', async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { readonly version: string }
    expect(await get('/version')).toMatchObject({
      status: 200,
      json: { agent: version, api: { major: 1, minor: 2 }, mta: 'postfix', node: process.version },
    })
  })

  it('status of a node that never ran', async () => {
    expect(await get('/status')).toMatchObject({ status: 200, json: { running: false, installed: true, edited: [] } })
  })

  it('sync writes a revision with these settings, and nothing else', async () => {
    const body = syncBody({ 'smtp-admin-email': 'ops@example.com', 'esmtp-connection-timeout': 17 }, { expect: 'any' })
    const answer = await post('/sync', body)
    expect(answer).toMatchObject({ status: 200, json: { wrote: true, running: false } })
    const { revision } = answer.json as { readonly revision: number }
    expect(node.currentRevision()).toBe(revision)
    expect(parameter(node.directory, 'smtp_connect_timeout')).toBe('17s')
    expect(JSON.parse(node.read('akctl/current/send-module.json'))).toMatchObject({
      id: body['id'],
      by: 'test@here',
      settings: { 'esmtp-connection-timeout': 17 },
    })
    expect(await get(`/orders/${String(body['id'])}`)).toMatchObject({
      status: 200,
      json: { id: body['id'], verb: 'sync', state: 'done', outcome: 'changed', revision },
    })
  })

  it('start, restart and stop', async () => {
    expect(await post('/start', orderBody())).toMatchObject({ status: 200, json: { did: true } })
    const [first] = masterPids(node.directory)
    expect(first).toBeDefined()
    expect(await post('/start', orderBody())).toMatchObject({ status: 200, json: { did: false } })
    expect(await get('/status')).toMatchObject({ status: 200, json: { running: true, pid: first } })
    expect(await post('/restart', orderBody())).toMatchObject({ status: 200, json: { did: true } })
    const [second] = masterPids(node.directory)
    expect(second).not.toBe(first)
    expect(await post('/stop', orderBody())).toMatchObject({ status: 200, json: { did: true } })
    expect(masterPids(node.directory)).toEqual([])
  })

  it('diff tells what a sync would change, and changes nothing', async () => {
    const before = node.currentRevision()
    const answer = await post('/diff', { settings: { 'esmtp-connection-timeout': 23 }, addresses: ['127.0.0.1'] })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual(expect.arrayContaining([expect.objectContaining({ cause: 'pending' })]))
    expect(answer.text).toContain('smtp_connect_timeout')
    expect(answer.text).toContain('smtp_bind_address')
    expect(node.currentRevision()).toBe(before)
  })

  it("sync takes the order's addresses", async () => {
    expect(await post('/sync', syncBody({}, { addresses: ['127.0.0.1'] }))).toMatchObject({ status: 200 })
    expect(node.read('akctl/live/conf/master.cf')).toContain('smtp_bind_address=127.0.0.1')
  })

  it('rollback makes an earlier revision a new one', async () => {
    const before = node.currentRevision()
    expect(await post('/rollback', orderBody({ to: 1 }))).toMatchObject({
      status: 200,
      json: { wrote: true, revision: before + 1 },
    })
    expect(parameter(node.directory, 'smtp_connect_timeout')).toBe('17s')
  })

  it('interfaces', async () => {
    const { status, json } = await get('/interfaces')
    expect(status).toBe(200)
    expect(json).toEqual(expect.arrayContaining([expect.objectContaining({ address: '127.0.0.1' })]))
  })

  it('a lease: claimed by an order, told, renewed and released; an order that claims none has one while it works', async () => {
    const { id } = orderBody()
    const lease = { id, host: 'desk', pid: 4711, operation: 'mta stop', ttl: 60, keep: true, held: false }
    expect(await post('/stop', orderBody({ lease }))).toMatchObject({ status: 200 })
    expect(await get('/lease')).toMatchObject({ status: 200, json: { lease: { id, by: 'test@here', kept: true } } })
    expect(await post('/stop', orderBody({ lockWait: 0 }))).toMatchObject({ status: 409, json: { error: { kind: 'locked' } } })
    expect(await post('/lease/renew', { id, ttl: 3600 })).toMatchObject({ status: 200, json: { lease: { id } } })
    expect(await post('/lease/release', { id, by: 'eve@desk' })).toMatchObject({ status: 200, json: { lease: { id } } })
    expect(await post('/lease/renew', { id, ttl: 60 })).toMatchObject({ status: 409, json: { error: { kind: 'locked' } } })
    expect(await post('/stop', orderBody({ lockWait: 0 }))).toMatchObject({ status: 200 })
    expect(agent.log()).toContainEqual(
      expect.objectContaining({ event: 'call', path: '/v1/lease/release', status: 200, order: id, by: 'eve@desk' }),
    )
  })

  it('an order that nobody gave', async () => {
    const { id } = orderBody()
    expect(await get(`/orders/${String(id)}`)).toMatchObject({ status: 200, json: { id, state: 'none' } })
  })
})

describe('errors', () => {
  it('a conflict is 409, with who and when', async () => {
    const answer = await post('/sync', syncBody({ 'esmtp-connection-timeout': 29 }, { expect: 0 }))
    expect(answer).toMatchObject({ status: 409, json: { error: { kind: 'conflict' } } })
    expect(parameter(node.directory, 'smtp_connect_timeout')).toBe('17s')
  })

  it('a change that another one keeps waiting is 409 as well', async () => {
    const lock = await holdLock(node.directory)
    expect(await post('/sync', syncBody({}, { lockWait: 0 }))).toMatchObject({
      status: 409,
      json: { error: { kind: 'locked' } },
    })
    lock.free()
  })

  it('a base that Postfix refuses is 422, and the old revision stays', async () => {
    const [before, base] = [node.currentRevision(), node.read('base/main.cf')]
    writeFileSync(join(node.directory, 'base/main.cf'), `${base}\ninet_protocols = nonsense\n`)
    const answer = await post('/sync', syncBody({ 'esmtp-connection-timeout': 31 }))
    writeFileSync(join(node.directory, 'base/main.cf'), base)
    expect(answer).toMatchObject({ status: 422, json: { error: { kind: 'failed' } } })
    expect(node.currentRevision()).toBe(before)
  })

  it.each([
    ['an unknown setting', syncBody({ 'no-such-setting': 1 }), 'settings.no-such-setting: no such field'],
    ['a value of another type', syncBody({ 'esmtp-connection-timeout': '17s' }), 'settings.esmtp-connection-timeout: '],
    ['a value out of bounds', syncBody({ 'esmtp-connection-timeout': -1 }), 'settings.esmtp-connection-timeout: '],
    ['a missing field', orderBody({ settings: {}, restart: true, addresses: [] }), 'expect: missing'],
    ['a field too many', syncBody({}, { files: ['/etc/passwd'] }), 'files: no such field'],
    ['an address that is none', syncBody({}, { addresses: ['$(id)'] }), 'addresses.0: '],
    ['an id that is none', syncBody({}, { id: '../../x' }), 'id: not an order id'],
    ['a text', '"sync"', 'the request: '],
    ['nothing', '', 'the body is not JSON'],
    ['no JSON', '{"a', 'the body is not JSON'],
    ['a prototype', '{"__proto__": {"settings": {}}}', 'the body is not JSON'],
  ])('%s is 400, named, and nothing is done', async (_, body, words) => {
    const before = node.currentRevision()
    const { status, json } = await post('/sync', body)
    const { error } = json as { readonly error: { readonly kind: string; readonly message: string } }
    expect({ status, kind: error.kind }).toEqual({ status: 400, kind: 'usage' })
    expect(error.message).toContain(words)
    expect(node.currentRevision()).toBe(before)
  })

  it('a wrong parameter, another method, another path, another media type', async () => {
    expect(await get('/orders/x')).toMatchObject({ status: 400, json: { error: { kind: 'usage' } } })
    expect(await get('/sync')).toMatchObject({ status: 405, headers: { allow: 'POST' }, json: { error: { kind: 'usage' } } })
    expect(await agent.call('DELETE', '/v1/orders/x')).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    expect(await get('/nothing')).toMatchObject({ status: 404, json: { error: { kind: 'usage' } } })
    expect(await get('/%zz')).toMatchObject({ status: 400, json: { error: { kind: 'usage' } } })
    const headers = { 'content-type': 'text/plain', 'content-length': '2' }
    expect(await agent.call('POST', '/v1/start', '{}', { headers })).toMatchObject({ status: 400 })
  })
})

describe('logs', () => {
  it("the MTA's, oldest first", async () => {
    const answer = await post('/logs', { source: 'mta', lines: 50, follow: false })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
    expect(records(answer).map(({ text }) => text)).toEqual(expect.arrayContaining([expect.stringContaining('daemon started')]))
  })

  it("the agent's own, with order and operator and without any body", async () => {
    const { id } = orderBody()
    await post('/stop', orderBody({ id, reason: 'the-reason-is-no-fact' }))
    const own = await until('the call is in the log', 5, async () => {
      const lines = records(await post('/logs', { source: 'agent', lines: 1000, follow: false }))
      return lines.some(({ text }) => text.includes(String(id))) ? lines : undefined
    })
    const line = own.find(({ text }) => text.includes(String(id)))
    expect(line?.text).toMatch(/^call from=127\.0\.0\.1 method=POST path=\/v1\/stop status=200 ms=\d+ order=\w{26} by=test@here$/)
    expect(line?.at).toBeGreaterThan(Date.now() - 60_000)
    expect(own.map(({ text }) => text).join()).not.toContain('the-reason-is-no-fact')
  })

  it('`lines` and `since` bound what is read', async () => {
    expect(records(await post('/logs', { source: 'agent', lines: 2, follow: false }))).toHaveLength(2)
    expect(records(await post('/logs', { source: 'agent', lines: 0, follow: false }))).toEqual([])
    const since = Date.now() / 1000 + 3600
    expect(records(await post('/logs', { source: 'agent', lines: 10, follow: false, since }))).toEqual([])
  })

  it('followed ones come as they are written, and leave nothing running when the client goes', async () => {
    const lines: string[] = []
    const request = httpsRequest(agent.requestOptions('POST', '/v1/logs', { headers: { 'content-type': 'application/json' } }))
    request.on('error', () => undefined)
    request.end(JSON.stringify({ source: 'mta', lines: 0, follow: true }))
    await new Promise<void>((begun) =>
      request.on('response', (response) => {
        response.on('data', (chunk: Buffer) => lines.push(chunk.toString('utf8')))
        response.on('error', () => undefined)
        begun()
      }),
    )
    await post('/start', orderBody())
    await until('a line of the start', 15, () => (lines.join('').includes('daemon started') ? true : undefined))
    await post('/stop', orderBody())
    request.destroy()
    await until('no reader is left', 10, () => (processesNaming(node.directory).length === 0 ? true : undefined))
    expect(agent.log().some((line) => line['path'] === '/v1/logs' && line['left'] === true)).toBe(true)
  })
})

it('a client that goes away does not stop its change', async () => {
  const body = syncBody({ 'esmtp-connection-timeout': 37 })
  const lock = await holdLock(node.directory)
  const request = httpsRequest(agent.requestOptions('POST', '/v1/sync', { headers: { 'content-type': 'application/json' } }))
  request.on('error', () => undefined)
  request.end(JSON.stringify(body))
  await lock.waitedFor()
  request.destroy()
  await until('the log tells that it left', 10, () =>
    agent.log().some((line) => line['order'] === body['id'] && line['left'] === true) ? true : undefined,
  )
  lock.free()
  await until('the order is done', 20, async () =>
    ((await get(`/orders/${String(body['id'])}`)).json as { readonly state: string }).state === 'done' ? true : undefined,
  )
  expect(parameter(node.directory, 'smtp_connect_timeout')).toBe('37s')
  await until('the log tells of its end', 5, () =>
    agent.log().some((line) => line['event'] === 'order' && line['order'] === body['id'] && line['outcome'] === 'done')
      ? true
      : undefined,
  )
})

describe('the OpenAPI document', () => {
  it('has every call, is the published one, and its schemas compile', async () => {
    const { status, json } = await get('/openapi.json')
    expect(status).toBe(200)
    expect(json).toEqual(JSON.parse(readFileSync(join(__dirname, '../../docs/agent-api.json'), 'utf8')))
    const document = json as { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> }
    expect(document.openapi).toBe('3.1.0')
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    for (const call of Object.values(API) as ApiCall[]) {
      const operation = document.paths[call.path.replace(/:(\w+)/, '{$1}')]?.[call.method.toLowerCase()]
      expect(operation?.summary).toBe(call.summary)
      const answer = Object.values(operation?.responses['200']?.content ?? {})[0]?.schema
      expect(ajv.validateSchema(answer ?? false)).toBe(true)
      const body = operation?.requestBody?.content['application/json'].schema
      expect(body === undefined).toBe(call.body === undefined)
    }
  })

  it('its schema of a sync takes what the agent takes, and not what it refuses', async () => {
    const { json } = await get('/openapi.json')
    const { paths } = json as { readonly paths: Record<string, Record<string, Operation>> }
    const schema = paths['/sync']?.['post']?.requestBody?.content['application/json'].schema ?? {}
    const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
    expect(fits(syncBody({ 'esmtp-connection-timeout': 17 }))).toBe(true)
    expect(fits(syncBody({ 'no-such-setting': 17 }))).toBe(false)
    expect(fits(syncBody({ 'esmtp-connection-timeout': '17' }))).toBe(false)
  })
})

interface Operation {
  readonly summary: string
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } }
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>
}
