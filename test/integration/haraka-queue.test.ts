import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { type HarakaNode, harakaNodes } from '../support/haraka.ts'
import { newOrder, newSync } from '../support/local-node.ts'
import { sendMail, Sink } from '../support/sink.ts'
import { until } from '../support/until.ts'

const make = harakaNodes()
const DAY = 86_400_000

let node: HarakaNode
/** Takes connections and never says a word. */
let silent: Sink
let deferring: Sink
let sink: Sink

beforeAll(async () => {
  silent = await Sink.listen({ stall: 'greeting' })
  deferring = await Sink.listen({ answers: { RCPT: '451 4.7.1 come later' } })
  sink = await Sink.listen()
  node = await make()
}, 60_000)

afterAll(() => Promise.all([silent, deferring, sink].map((server) => server.close())))

/** The mail of a domain, or all other mail, goes to these servers. */
function route(routes: Readonly<Record<string, Sink>>): void {
  const lines = Object.entries(routes).map(([domain, { port }]) => `${domain}={"nexthop":"127.0.0.1:${port}"}`)
  node.base('relay_dest_domains.ini', `[domains]\n${lines.join('\n')}\n`)
}

function send(to = 'rcpt@example.net'): Promise<void> {
  return sendMail({ port: node.port, from: 'sender@example.com', to, body: `body for ${to}` })
}

/** Failed attempts of each message in the spool: the third part of a spool file's name. */
const attempts = (): number[] => node.spool().map((name) => Number(name.split('_')[2]))

describe('a server that says nothing', () => {
  beforeAll(async () => {
    route({ any: silent })
    node.addToBase('outbound.ini', 'temp_fail_intervals=5s*20')
    const settings = { 'spool-channel-size': 2, 'retry-channel-size': 1, 'esmtp-connection-timeout': 2 }
    await node.connection.sync(newSync({ settings }))
    await node.start()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await send(`${name}@example.net`)
  }, 60_000)

  test('spool-channel-size and esmtp-connection-timeout: two deliveries at a time, each given up after 2 s', async () => {
    const since = Date.now()
    await until('two connections', 20, () => silent.open === 2 || undefined)
    await until('every message has been tried', 30, () => attempts().every((count) => count >= 1) || undefined)
    expect(silent.mostOpen).toBe(2)
    // Five messages in pairs of 2 s each; by Haraka's own 30 s the first would still wait.
    expect(Date.now() - since).toBeGreaterThan(3_000)
    expect(Date.now() - since).toBeLessThan(25_000)
  })

  test('retry-channel-size: messages that failed before are tried one after the other', async () => {
    const before = silent.connections
    const reached = (count: number): Promise<number> =>
      until(`${count} retries`, 50, () => (silent.connections - before >= count ? Date.now() : undefined))
    const first = await reached(1)
    // Each takes 2 s. In pairs, as spool-channel-size alone would have it, the fifth would begin after 4 s.
    expect((await reached(5)) - first).toBeGreaterThan(7_500)
  }, 90_000)
})

describe('spool-cleaner-timeout', () => {
  test('a message that is too old gets one last attempt and is returned; a younger one stays', async () => {
    await node.connection.stop(newOrder())
    route({ 'example.net': deferring, any: sink })
    await node.connection.sync(newSync({ settings: { 'spool-cleaner-timeout': 2 * 86_400 } }))
    const [old = '', young = ''] = node.spool()
    age(old, 3 * DAY)
    const [arrival, failures] = age(young, 1 * DAY)
    await node.start()
    await until('the old message is gone from the spool', 30, () => !node.spool().some(isOld) || undefined)
    const bounces = await until('a bounce', 30, () => (sink.mails.length > 0 ? sink.mails : undefined))
    expect(bounces).toHaveLength(1)
    expect(bounces[0]).toMatchObject({ from: '', to: ['sender@example.com'] })
    expect(bounces[0]?.text).toContain('Too many failures')
    expect(bounces[0]?.text).toContain('come later')
    // The younger one has been tried too, and waits for its next turn.
    const now = (): string[] | undefined =>
      node
        .spool()
        .map((name) => name.split('_'))
        .find(([first]) => first === arrival)
    await until('the younger one was tried again', 30, () => Number(now()?.[2]) > Number(failures) || undefined)
    expect(node.spool()).toHaveLength(4)
  })

  /** Moves a message's arrival back, and its next attempt to now. @returns its arrival, and how often it has failed */
  function age(name: string, by: number): [arrival: string, failures: string] {
    const [first, , failures = '', ...rest] = name.split('_')
    const arrival = String(Number(first) - by)
    const queue = join(node.directory, 'queue')
    renameSync(join(queue, name), join(queue, [arrival, Date.now(), failures, ...rest].join('_')))
    return [arrival, failures]
  }

  function isOld(name: string): boolean {
    return Date.now() - Number(name.split('_')[0]) > 2.5 * DAY
  }
})

test('the queue is counted by what is in the spool, and not beyond the bound', async () => {
  expect((await node.connection.status()).queue).toEqual({ messages: node.spool().length, capped: false })
})
