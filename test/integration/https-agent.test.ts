// The client against a real agent that drives a real Postfix; what it says is compared with what scripts say on the spot.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentConnection } from '../../src/connection/agent/agent-connection.ts'
import type { NodeConnection } from '../../src/connection/port.ts'
import { newOrderId } from '../../src/node/order-id.ts'
import { Secret } from '../../src/node/secret.ts'
import { ConflictError, FailedError, UnauthorizedError, UnreachableError, UntrustedError } from '../../src/outcome/errors.ts'
import { KEY, type TestAgent, launcher, testAgents } from '../support/agent.ts'
import { type TestCertificate, certificateOf } from '../support/certificates.ts'
import type { LocalNode } from '../support/local-node.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { type ConnectOptions, ORDER, connectTo } from '../support/tls-server.ts'

const makeAgent = testAgents()
const folder = postfixFolder()
let node: LocalNode
let agent: TestAgent
let certificate: TestCertificate
let connection: AgentConnection

const order = () => ({ ...ORDER, id: newOrderId(new Date()), at: new Date().toISOString(), lockWait: 10 })

function connect(options: ConnectOptions = {}): AgentConnection {
  const there = { port: agent.port, endpoint: `127.0.0.1:${agent.port}`, certificate }
  const apiKey = (): Promise<Secret> => Promise.resolve(new Secret(KEY))
  const timeouts = { connect: 10, command: 30, change: 90 }
  return connectTo(there, { timeouts, ...options, target: { apiKey, addresses: [], ...options.target } })
}

beforeAll(async () => {
  if (!existsSync(launcher)) throw new Error('build first: node tools/build.mjs')
  const made = await postfixNode(join(folder, 'behind'))
  node = made.node
  mkdirSync(node.directory)
  await node.install({ listen: made.listen, hostname: 'mx1.example.com' })
  agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
  await agent.start()
  certificate = certificateOf(readFileSync(join(agent.conf, 'server.crt'), 'utf8'))
  connection = connect()
})

afterAll(() => connection.close())

test('says its version', async () => {
  await expect(connection.version()).resolves.toMatchObject({ mta: 'postfix', api: { major: 1 } })
})

test('starts, syncs, tells differences, rolls back and stops, as scripts on the spot do', async () => {
  expect(await connection.status()).toMatchObject({ running: false, installed: true })
  expect(await connection.start(order())).toMatchObject({ did: true })
  expect(masterPids(node.directory)).toHaveLength(1)
  expect(await connection.start(order())).toMatchObject({ did: false })
  const sync = { ...order(), settings: { 'spool-channel-size': 77 }, expect: 'any', restart: true } as const
  const { revision, wrote } = await connection.sync(sync)
  expect([wrote, node.currentRevision()]).toEqual([true, revision])
  const [there, here] = await Promise.all([connection.status(), node.connection.status()])
  const still = { clock: 0, uptime: 0 }
  expect({ ...there, ...still }).toEqual({ ...here, ...still })
  expect(there.record).toMatchObject({ id: sync.id, by: 'ann@desk', settings: { 'spool-channel-size': 77 } })
  expect(await connection.order(sync.id)).toMatchObject({ state: 'done', outcome: 'changed', revision })
  expect(await connection.order(newOrderId(new Date()))).toMatchObject({ state: 'none' })
  const wanted = { 'spool-channel-size': 78 }
  expect(await connection.diff(wanted)).toEqual(await node.connection.diff(wanted))
  for (const what of [{ settings: wanted }, { to: 'before' }] as const) {
    expect(await connection.preview(what)).toEqual(await node.connection.preview(what))
  }
  await expect(connection.preview({ to: 999 })).rejects.toThrow(/can't go back to revision 999/)
  expect(await connection.rollback(order())).toMatchObject({ wrote: true, revision: revision + 1 })
  expect(await connection.restart(order())).toMatchObject({ did: true })
  expect(await connection.interfaces()).toEqual(await node.connection.interfaces())
  expect(await connection.stop(order())).toMatchObject({ did: true })
  expect(masterPids(node.directory)).toHaveLength(0)
})

test("somebody else's change is a conflict, a bad order is a failure; both by the agent's words", async () => {
  const at = node.currentRevision()
  const late = { ...order(), settings: {}, expect: at - 1, restart: true }
  const error = await connection.sync(late).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConflictError)
  expect(node.currentRevision()).toBe(at)
  await expect(connection.rollback(order(), 999)).rejects.toBeInstanceOf(FailedError)
  await expect(connection.stop({ ...order(), id: 'no-id' })).rejects.toBeInstanceOf(FailedError)
})

test("the agent's log is read, and followed until the reader has enough", async () => {
  const texts: string[] = []
  for await (const { text } of connection.logs({ source: 'agent', lines: 100, follow: false })) texts.push(text)
  expect(texts.join('\n')).toContain('/v1/sync')
  const followed: string[] = []
  for await (const { text } of connection.logs({ source: 'agent', lines: 1, follow: true })) {
    if (followed.push(text) === 1) await connection.status()
    else break
  }
  expect(followed[1]).toContain('/v1/status')
})

test('a wrong key is unauthorized, with what to do', async () => {
  const wrong: NodeConnection = connect({ target: { apiKey: () => Promise.resolve(new Secret('not-the-key-of-that-agent')) } })
  for (const call of [wrong.status(), wrong.stop(order())]) {
    const error = await call.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnauthorizedError)
    expect((error as UnauthorizedError).hints.join()).toContain('--rotate')
  }
  await wrong.close()
})

test('a new certificate is refused until it is accepted; a stopped agent is unreachable', async () => {
  await agent.stop()
  await agent.newCertificate()
  await agent.start()
  const old = connect()
  await expect(old.status()).rejects.toBeInstanceOf(UntrustedError)
  certificate = certificateOf(readFileSync(join(agent.conf, 'server.crt'), 'utf8'))
  const renewed = connect()
  await expect(renewed.status()).resolves.toMatchObject({ running: false })
  await agent.stop()
  await expect(renewed.status()).rejects.toBeInstanceOf(UnreachableError)
  await agent.start()
  await expect(renewed.status()).resolves.toMatchObject({ running: false })
  await Promise.all([old.close(), renewed.close()])
})
