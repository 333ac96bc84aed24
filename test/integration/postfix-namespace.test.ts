// Settings whose effect needs a machine of its own: a name server that never answers, and the system's log socket.
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postfix } from '../../src/mta/postfix/driver.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import { LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { masterPids } from '../support/postfix.ts'
import { removeFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'
import { Namespace, WrappedHost } from '../support/wrapped-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'akctl-namespace-'))
const directory = join(folder, 'mta')
const syslog = join(folder, 'syslog')

let namespace: Namespace
let node: LocalNode

/** A network with loopback alone, where questions to the name server, and all to one address, are dropped; /dev/log with a syslogd behind it. */
const SETUP = `
mount --make-rprivate /
ip link set lo up
ip addr add 2001:db8::5/128 dev lo nodad
echo 'nameserver 127.0.0.53' >${folder}/resolv.conf
mount --bind ${folder}/resolv.conf /etc/resolv.conf
nft add table inet t
nft add chain inet t in '{ type filter hook input priority 0; }'
nft add rule inet t in ip daddr 127.0.0.53 udp dport 53 counter drop
nft add rule inet t in ip daddr 127.0.0.66 drop
for device in null zero random urandom; do
  : >${folder}/dev/$device
  mount --bind /dev/$device ${folder}/dev/$device
done
ln -s /proc/self/fd ${folder}/dev/fd
mount --rbind ${folder}/dev /dev
busybox syslogd -n -O ${syslog} </dev/null >/dev/null 2>&1 &
echo $! >${folder}/syslogd.pid`

beforeAll(async () => {
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'dev'))
  namespace = await Namespace.open(SETUP, true)
  const host = new WrappedHost('mx-apart', [...namespace.enter, 'sh', '-c'])
  node = new LocalNode(postfix, { directory, addresses: [] }, host)
  await node.install({ listen: '127.0.0.1:2525', hostname: 'mx.example.com' })
  appendFileSync(join(directory, 'akctl/live/conf/master.cf'), '[2001:db8::5]:2526 inet n - n - - smtpd\n')
  writeFileSync(join(directory, 'base/transport'), 'example.net discard:discarded\nhole.example smtp:[127.0.0.66]:2600\n')
  appendFileSync(join(directory, 'base/main.cf'), 'transport_maps = texthash:$config_directory/transport\n')
  await node.connection.start(newOrder())
}, 120_000)

afterAll(() => {
  for (const pid of masterPids(directory)) process.kill(-pid, 'SIGKILL')
  process.kill(Number(readFileSync(join(folder, 'syslogd.pid'), 'utf8')))
  namespace.end()
  removeFolder(folder)
})

/** Sends a mail by Postfix's own client of SMTP, from inside. */
function send(to: string): void {
  namespace.exec(`smtp-source -f a@example.com -t ${to} 127.0.0.1:2525`)
}

function questions(): number {
  return Number(/packets (\d+)/.exec(namespace.exec('nft list chain inet t in'))?.[1])
}

test('interfaces, by the program ip and without it: the same addresses, and what is listened on with each', async () => {
  const hidden = 'mount --bind /dev/null "$(readlink -f "$(command -v ip)")"; command -v ip >&2; exec sh -c "$0"'
  const bare = new WrappedHost('bare', [...namespace.enter, 'unshare', '-m', 'sh', '-c', hidden])
  const expected = [
    ['127.0.0.1', ['127.0.0.1:2525']],
    ['2001:db8::5', ['[2001:db8::5]:2526']],
    ['::1', []],
  ]
  for (const { connection } of [node, new LocalNode(postfix, node.installation, bare)]) {
    const found = (await connection.interfaces()).map(({ address, listens }) => [address, listens])
    expect(found.sort()).toEqual(expected)
  }
})

/** The last lines that the node's log is said to have. */
async function last(lines: number): Promise<readonly string[]> {
  const found: LogRecord[] = []
  for await (const record of node.connection.logs({ source: 'mta', lines, follow: false })) found.push(record)
  return found.map(({ text }) => text)
}

test('dns-lookup-timeout: so long is waited for a name server that never answers', async () => {
  const waits: number[] = []
  for (const seconds of [1, 2]) {
    expect(await node.connection.sync(newSync({ settings: { 'dns-lookup-timeout': seconds } }))).toMatchObject({
      took: 'restart',
    })
    const [asked, to] = [questions(), `dns${seconds}@nowhere.example`]
    send(to)
    const line = await until(
      'it is deferred',
      60,
      () => new RegExp(`to=<${to}>.*status=deferred.*`).exec(node.read('log/mail.log'))?.[0],
    )
    expect(line).toContain('Name service error for name=nowhere.example')
    expect(questions() - asked).toBe(2)
    waits.push(Number(/delays=[\d.]+\/[\d.]+\/([\d.]+)\//.exec(line)?.[1]))
  }
  // libc waits twice, the second time (for one server) twice as long or as long again.
  expect(waits[0]).toBeGreaterThanOrEqual(1.9)
  expect(waits[0]).toBeLessThan(6)
  expect(waits[1]).toBeGreaterThanOrEqual(3.9)
  expect(waits[1]).toBeLessThan(10)
}, 240_000)

test('esmtp-connection-timeout: so long is waited for a server that never takes the connection', async () => {
  await node.connection.sync(newSync({ settings: { 'esmtp-connection-timeout': 2 } }))
  send('x@hole.example')
  const line = await until(
    'it is deferred',
    60,
    () => /to=<x@hole\.example>.*status=deferred.*/.exec(node.read('log/mail.log'))?.[0],
  )
  expect(line).toContain('connect to 127.0.0.66[127.0.0.66]:2600: Connection timed out')
  const waited = Number(/delays=[\d.]+\/[\d.]+\/([\d.]+)\//.exec(line)?.[1])
  expect(waited).toBeGreaterThanOrEqual(1.9)
  expect(waited).toBeLessThan(15)
}, 120_000)

test('smtp-responses-to-syslog: on, they come out of the socket and node logs reads them there; off, in the own file', async () => {
  const settings = (on: boolean): { readonly 'smtp-responses-to-syslog': boolean } => ({ 'smtp-responses-to-syslog': on })
  expect(await node.connection.sync(newSync({ settings: settings(true) }))).toMatchObject({ took: 'restart' })
  send('syslog@example.net')
  const line = await until(
    'it is in syslog',
    30,
    () => /postfix-mta\/discard.*to=<syslog@example\.net>.*/.exec(readFileSync(syslog, 'utf8'))?.[0],
  )
  expect(line).toContain('status=sent (discarded)')
  expect(node.read('log/mail.log')).not.toContain('to=<syslog@example.net>')
  namespace.exec(`mount --bind ${folder} /var/log && ln -sf syslog ${folder}/mail.log`)
  expect((await last(100)).some((text) => text.includes('to=<syslog@example.net>'))).toBe(true)

  // Of a log that others write to, the last lines are those of this Postfix, and rotated logs are looked at for them.
  const lines = (program: string, count: number): string =>
    Array.from({ length: count }, (_, n) => `Jan  1 00:00:00 mx ${program}[1]: line ${n + 1}\n`).join('')
  rmSync(join(folder, 'mail.log'))
  writeFileSync(join(folder, 'mail.log.1'), lines('postfix-mta/smtp', 20) + lines('postfix-other/smtp', 200))
  writeFileSync(join(folder, 'mail.log'), lines('postfix-mta/qmgr', 1) + lines('postfix-other/smtp', 200))
  const [ours, ...rest] = [...(await last(10))].reverse()
  expect(ours).toBe('mx postfix-mta/qmgr[1]: line 1')
  expect(rest.reverse()).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20].map((n) => `mx postfix-mta/smtp[1]: line ${n}`))

  expect(await node.connection.sync(newSync({ settings: settings(false) }))).toMatchObject({ took: 'restart' })
  send('file@example.net')
  await until('it is in the file', 30, () => node.read('log/mail.log').includes('to=<file@example.net>') || undefined)
  expect(readFileSync(syslog, 'utf8')).not.toContain('to=<file@example.net>')
}, 240_000)
