import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { type HarakaNode, harakaNodes } from '../support/haraka.ts'
import { newOrder, newSync } from '../support/local-node.ts'
import { NameServer } from '../support/name-server.ts'
import { sendMail, Sink } from '../support/sink.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'
import { Namespace, WrappedHost } from '../support/wrapped-host.ts'

const make = harakaNodes()
const folder = tempDir()

/** A loopback address of this run alone: DNS and SMTP live on ports that cannot be chosen. */
const ADDRESS = `127.${randomInt(100, 200)}.${randomInt(250)}.${randomInt(1, 250)}`

let node: HarakaNode
let names: NameServer
let sink: Sink
let space: Namespace
let syslog: ChildProcess
let connection: ScriptedConnection
let syslogged = ''

/** The node in a mount namespace of its own, where this test is its name server and its system's log. */
beforeAll(async () => {
  names = await NameServer.listen(ADDRESS, {
    'example.test': { mx: 'mx.example.test' },
    'mx.example.test': { a: ADDRESS },
    'silent.test': { silence: true },
    'quiet.test': { silence: true },
    'dumb.test': { silence: true },
  })
  sink = await Sink.listen({ host: ADDRESS, port: 25 })
  const dev = join(folder, 'dev')
  mkdirSync(dev)
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${ADDRESS}\n`)
  space = await Namespace.open(
    `cp -a /dev/null /dev/zero /dev/random /dev/urandom ${dev}; ln -s /proc/self/fd ${dev}/fd
     mount --bind ${folder}/resolv.conf /etc/resolv.conf; mount --bind ${dev} /dev`,
  )
  syslog = systemLog(join(dev, 'log'), (text) => (syslogged += text))
  node = await make()
  node.addToBase('outbound.ini', 'local_mx_ok=true')
  connection = new ScriptedConnection(new WrappedHost('mx-test', [...space.enter, 'sh', '-c']), haraka, node.installation, {
    timeout: 60,
    changeTimeout: 90,
  })
  await connection.sync(newSync({ settings: {} }))
  await connection.start(newOrder())
}, 120_000)

afterAll(async () => {
  syslog.kill()
  space.end()
  await Promise.all([names.close(), sink.close()])
}, 60_000)

/** A unix datagram socket, which Node.js cannot make. */
function systemLog(path: string, take: (text: string) => void): ChildProcess {
  const program = `use IO::Socket::UNIX; use Socket; $| = 1;
    my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die; chmod 0666, $ARGV[0];
    while (defined $s->recv(my $m, 8192)) { print "$m\\n" }`
  const perl = spawn('perl', ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  perl.stdout.on('data', (chunk: Buffer) => take(chunk.toString()))
  return perl
}

async function deliver(word: string): Promise<string> {
  await sendMail({ port: node.port, to: 'rcpt@example.test', body: `body ${word}` })
  return (await sink.find(`body ${word}`)).client
}

/** Milliseconds until a mail to a domain whose name server says nothing is put off. */
async function giveUp(domain: string): Promise<number> {
  const [begun, before] = [Date.now(), putOff()]
  await sendMail({ port: node.port, to: `rcpt@${domain}` })
  await until('the message is put off', 40, () => putOff() > before || undefined)
  expect(names.count(`MX ${domain}`)).toBeGreaterThanOrEqual(1)
  return Date.now() - begun
}

const putOff = (): number => node.spool().filter((name) => name.split('_')[2] === '1').length

/** How long Haraka waits of its own. */
let usual = 0

test('with nothing set, DNS is asked for every mail, and an answer waited for', async () => {
  // First: of a name server whose answers it has timed, the resolver expects them sooner.
  usual = await giveUp('silent.test')
  expect(usual).toBeGreaterThan(3_900)
  await deliver('one')
  await deliver('two')
  expect(names.count('MX example.test')).toBe(2)
  expect(names.count('A mx.example.test')).toBeGreaterThanOrEqual(2)
}, 60_000)

describe('with settings', () => {
  const settings = { 'dns-cache-expire': 8, 'dns-lookup-timeout': 1, 'smtp-responses-to-syslog': true }

  beforeAll(async () => {
    const installation = { ...node.installation, addresses: ['127.0.0.21', '127.0.0.22'] }
    const host = new WrappedHost('mx-test', [...space.enter, 'sh', '-c'])
    connection = new ScriptedConnection(host, haraka, installation, { timeout: 60, changeTimeout: 90 })
    await connection.sync(newSync({ settings }))
  }, 120_000)

  test('dns-lookup-timeout: a name server that says nothing is given up after this time', async () => {
    const waited = await giveUp('quiet.test')
    expect(waited).toBeGreaterThan(900)
    expect(waited).toBeLessThan(usual - 1_500)
  }, 60_000)

  test('dns-cache-expire, and a long dns-lookup-timeout: one question for all mails until the time is over; addresses are still used in turn', async () => {
    // At the same time, as both wait: a longer dns-lookup-timeout is spent on two questions, after 2 s and 4 s.
    await connection.sync(newSync({ settings: { ...settings, 'dns-lookup-timeout': 6 } }))
    names.asked.length = 0
    const long = giveUp('dumb.test')
    // Not before: once the resolver has timed answers, it waits less for the next one.
    await until('it was asked again', 20, () => names.count('MX dumb.test') === 2 || undefined)
    const begun = Date.now()
    const clients = [await deliver('three'), await deliver('four'), await deliver('five')]
    expect(names.count('MX example.test')).toBe(1)
    expect(names.count('A mx.example.test')).toBe(1)
    expect(clients[2]).toBe(clients[0])
    expect(clients[1]).not.toBe(clients[0])
    const before = names.count('MX example.test')
    await until('the time is over', 20, () => Date.now() - begun > 9_000 || undefined)
    await deliver('six')
    expect(names.count('MX example.test')).toBe(before + 1)
    const waited = await long
    // The resolver waits up to half less for a question that it repeats, by chance.
    expect(waited).toBeGreaterThan(3_500)
    expect(waited).toBeLessThan(10_000)
    expect(names.count('MX dumb.test')).toBe(2)
  }, 90_000)

  test("smtp-responses-to-syslog: the system's own log, where the base names no other", async () => {
    await deliver('seven')
    const line = await until('a line', 20, () => /^<22>.*haraka.*to=<rcpt@example\.test>.*status=sent/m.exec(syslogged)?.[0])
    expect(line).toContain(`[${ADDRESS}]:25`)
  })
})
