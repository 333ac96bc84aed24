// A network that delivers an order long after everybody has stopped waiting for it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeConnection } from '../../src/connection/port.ts'
import { newOrderId } from '../../src/node/order-id.ts'
import { Secret } from '../../src/node/secret.ts'
import { changeNodes } from '../../src/operations/mta/change.ts'
import { startNode, stopNode } from '../../src/operations/mta/power.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import type { Session } from '../../src/operations/run/session.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { KEY, launcher, testAgents } from '../support/agent.ts'
import { certificateOf } from '../support/certificates.ts'
import { newOrder } from '../support/local-node.ts'
import { type MemoryWorld, memoryWorlds } from '../support/memory-node.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { connectTo } from '../support/tls-server.ts'
import { until } from '../support/until.ts'

const makeAgent = testAgents()
const memoryWorld = memoryWorlds()
const folder = postfixFolder()

/** Does a changing verb on mx1, which is reached by this connection. */
function change(
  { context }: MemoryWorld,
  connection: NodeConnection,
  verb: 'start' | 'stop',
  work: (session: Session) => Promise<ChangeResult>,
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  const run = { width: { concurrency: 1 }, consent: { above: 10, yes: false }, dryRun: false, reason: undefined }
  const connector = { ...context.connector, open: () => Promise.resolve(connection) }
  return changeNodes({ ...context, connector }, verb, { ...run, selection: { all: true } }, work)
}

test('a stop that arrives after it was said that it never did is refused: the MTA runs on', async () => {
  if (!existsSync(launcher)) throw new Error('build first: node tools/build.mjs')
  const { node, listen } = await postfixNode(join(folder, 'late'))
  mkdirSync(node.directory)
  await node.install({ listen, hostname: 'mx1.example.com' })
  await node.connection.start(newOrder())
  const agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
  await agent.start()
  const proxy = await startProxy(agent.port)
  const certificate = certificateOf(readFileSync(join(agent.conf, 'server.crt'), 'utf8'))
  const target = { addresses: [], apiKey: () => Promise.resolve(new Secret(KEY)) }
  const connect = (port: number, seconds: number) => {
    const timeouts = { connect: 10, command: 30, change: seconds }
    return connectTo({ port, endpoint: `127.0.0.1:${port}`, certificate }, { target, timeouts })
  }
  const world = await memoryWorld(['mx1'])
  try {
    const slow = connect(proxy.port, 0.3)
    await slow.giveUp(newOrderId(new Date(0)), 1) // everything that comes before an order is done
    const lost = await change(world, slow, 'stop', (session) => {
      proxy.hold()
      return stopNode(session, { dryRun: false, reason: 'a test' })
    })
    expect(lost).toMatchObject([{ outcome: 'unknown' }])
    const { id } = (await world.profile.orders.get(1)) ?? {}
    world.clock.now += 10_000

    const options = { sync: false, dryRun: false, reason: 'a test' }
    const next = await change(world, connect(agent.port, 60), 'start', (session) => startNode(session, options))
    expect(next).toMatchObject([{ outcome: 'ok', result: { running: true } }])
    expect(world.notes).toEqual([expect.stringContaining('never reached the node: it changed nothing')])
    expect(agent.log().filter(({ path }) => path === '/v1/stop')).toEqual([])

    const pids = masterPids(node.directory)
    proxy.release()
    await until('the stop has arrived', 20, () => agent.log().find(({ event, order }) => event === 'order' && order === id))
    expect(masterPids(node.directory)).toEqual(pids)
    expect(pids).toHaveLength(1)
    expect((await node.connection.status()).wanted).toBe('running')
  } finally {
    await proxy.stop()
  }
})
