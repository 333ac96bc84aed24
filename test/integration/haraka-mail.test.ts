import { createSocket, type Socket } from 'node:dgram'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { type HarakaNode, harakaNodes, harakaPids } from '../support/haraka.ts'
import { newSync } from '../support/local-node.ts'
import { sendMail, Sink } from '../support/sink.ts'
import { until } from '../support/until.ts'

const make = harakaNodes()

let node: HarakaNode
let sink: Sink
let refusing: Sink
let deferring: Sink
let syslog: Socket
const lines: string[] = []

beforeAll(async () => {
  sink = await Sink.listen()
  refusing = await Sink.listen({ answers: { RCPT: '550 5.1.1 nobody here' } })
  deferring = await Sink.listen({ answers: { RCPT: '451 4.7.1 come later' } })
  syslog = createSocket('udp4', (message) => lines.push(message.toString()))
  await new Promise<void>((resolve) => syslog.bind(0, '127.0.0.1', resolve))
  node = await make()
  const hop = ({ port }: Sink): string => `{"nexthop":"127.0.0.1:${port}"}`
  const routes = [`refuse.example=${hop(refusing)}`, `defer.example=${hop(deferring)}`, `any=${hop(sink)}`]
  node.base('relay_dest_domains.ini', `[domains]\n${routes.join('\n')}\n`)
  node.base('akctl.ini', `[smtp_responses]\nserver=127.0.0.1:${syslog.address().port}\n[profiler]\nseconds=1\n`)
  await node.connection.sync(newSync({ settings: {} }))
  await node.start()
}, 120_000)

afterAll(async () => {
  await Promise.all([sink, refusing, deferring].map((server) => server.close()))
  syslog.close()
})

/** Hands a mail with this word in its body to the node. */
function send(word: string, host = '127.0.0.1', to = 'rcpt@example.net'): Promise<void> {
  const headers = ['Subject: first', 'X-FBL: one; two', 'X-FBLs: other', 'Subject2: last']
  return sendMail({ host, port: node.port, from: 'sender@example.com', to, headers, body: `body ${word}` })
}

const kept = (): string[] => {
  const folder = join(node.directory, 'kept')
  return existsSync(folder) ? readdirSync(folder) : []
}

test('with nothing set, mail goes out as it came and leaves nothing behind', async () => {
  await send('plain')
  const { text, client } = await sink.find('body plain')
  expect(text).toContain('\nX-FBL: one; two\n')
  expect(client).toBe('127.0.0.1')
  await until('the spool is empty', 30, () => node.spool().length === 0 || undefined)
  expect(kept()).toEqual([])
  expect(lines).toEqual([])
})

describe('with settings', () => {
  beforeAll(async () => {
    const settings = {
      'fbl-header-name': 'X-Complaints',
      'clear-spool-after-delivery': false,
      'smtp-responses-to-syslog': true,
      'smtp-admin-email': 'ops&mail@example.org',
      'smtp-listen-only-interfaces': ['127.0.0.2', '127.0.0.3'],
      profiling: true,
    }
    await node.with({ addresses: ['127.0.0.21', '127.0.0.22'] }).connection.sync(newSync({ settings }))
  }, 120_000)

  test('smtp-listen-only-interfaces: the addresses it listens on, with the port of the base', async () => {
    const { listening } = await node.connection.status()
    expect(listening).toEqual([`127.0.0.2:${node.port}`, `127.0.0.3:${node.port}`])
    expect(await connects('127.0.0.1')).toBe(false)
    expect(await connects('127.0.0.2')).toBe(true)
    expect(await connects('127.0.0.3')).toBe(true)
  })

  test('fbl-header-name: the header has the new name, and the rest of the mail is as it was', async () => {
    await send('renamed', '127.0.0.2')
    const { text } = await sink.find('body renamed')
    expect(text).toMatch(/^X-Complaints: one; two$/m)
    expect(text).not.toMatch(/^X-FBL:/m)
    expect(text).toMatch(/^X-FBLs: other$/m)
    expect(text).toMatch(/^Subject: first$/m)
    expect(text.match(/one; two/g)).toHaveLength(1)
  })

  test('the addresses the node sends from are used in turn', async () => {
    sink.mails.length = 0
    for (const word of ['turn-a', 'turn-b', 'turn-c', 'turn-d']) {
      await send(word, '127.0.0.2')
      await sink.find(`body ${word}`)
    }
    const clients = sink.mails.map(({ client }) => client)
    expect(clients.filter((client) => client === '127.0.0.21')).toHaveLength(2)
    expect(clients.filter((client) => client === '127.0.0.22')).toHaveLength(2)
  })

  test('clear-spool-after-delivery off: what was delivered is kept, and the spool is empty', async () => {
    await send('to be kept', '127.0.0.2')
    await sink.find('body to be kept')
    await until('the spool is empty', 30, () => node.spool().length === 0 || undefined)
    const texts = kept().map((name) => readFileSync(join(node.directory, 'kept', name), 'utf8'))
    expect(texts.filter((text) => text.includes('body to be kept'))).toHaveLength(1)
  })

  test('smtp-responses-to-syslog: what the other server said of a delivery and a deferral', async () => {
    await send('logged', '127.0.0.2', 'a@example.net')
    await send('deferred', '127.0.0.2', 'b@defer.example')
    const sent = await syslogLine('to=<a@example.net>')
    expect(sent).toMatch(/^<22>/) // mail.info: 2 * 8 + 6
    expect(sent).toMatch(/ haraka .*[0-9A-F-]+\.\d\.\d: from=<sender@example.com>, to=<a@example.net>, relay=127\.0\.0\.1\[/)
    expect(sent).toMatch(/status=sent \(kept\)$/)
    expect(await syslogLine('to=<b@defer.example>')).toMatch(/status=deferred \(451 4\.7\.1 come later\), retry=\d+$/)
  })

  test('smtp-admin-email: bounces come from this address; the bounce is in syslog too', async () => {
    await send('refused', '127.0.0.2', 'c@refuse.example')
    const { text, from, to } = await sink.find('nobody here')
    expect(text).toMatch(/^From: ops&mail@example\.org$/m)
    expect(text).toMatch(/^To: <?sender@example\.com>?$/m)
    expect([from, to]).toEqual(['', ['sender@example.com']])
    expect(await syslogLine('to=<c@refuse.example>')).toMatch(/status=bounced \(550 5\.1\.1 nobody here\)$/)
  })

  test('profiling: SIGUSR2 writes a profile that holds the work of the time, and the MTA goes on', async () => {
    const [pid = 0] = harakaPids(node.directory)
    process.kill(pid, 'SIGUSR2')
    const file = await until('a profile', 30, () =>
      readdirSync(join(node.directory, 'profiles')).find((name) => name.endsWith('.cpuprofile')),
    )
    const profile = await until('the whole profile', 10, () => {
      const text = readFileSync(join(node.directory, 'profiles', file), 'utf8')
      return JSON.parse(text) as { nodes: unknown[]; startTime: number; endTime: number }
    })
    expect(profile.nodes.length).toBeGreaterThan(1)
    expect((profile.endTime - profile.startTime) / 1e6).toBeGreaterThanOrEqual(0.9)
    expect(harakaPids(node.directory)).toEqual([pid])
    await send('after the profile', '127.0.0.2')
    expect(await sink.find('body after the profile')).toBeDefined()
  })
})

function connects(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: node.port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function syslogLine(part: string): Promise<string> {
  return until(`"${part}" in syslog`, 30, () => lines.find((line) => line.includes(part)))
}
