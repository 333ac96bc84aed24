import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { postfix } from '../../src/mta/postfix/driver.ts'
import { installScript } from '../../src/mta/shared/operations.ts'
import { syncedOf } from '../../src/node/state.ts'
import { newOrder, newSync } from '../support/local-node.ts'
import { freePort } from '../support/ports.ts'
import { masterPids } from '../support/postfix.ts'
import { Namespace, WrappedHost } from '../support/wrapped-host.ts'

/** A private copy of the system's Postfix: the folders below are mounted over the machine's own in a namespace. */
const folder = mkdtempSync(join(tmpdir(), 'akctl-system-'))
const [etc, spool, lib, log] = ['etc', 'spool', 'lib', 'log'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
  string,
]
const installation = { directory: '/etc/postfix', addresses: [] }
const kept = `# the administrator's own
  # with odd spacing
compatibility_level = 3.6
smtp_connect_timeout=   77s
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8,
   10.0.0.0/8

# the end
`
/** Seconds. */
const LIMITS = { timeout: 30, changeTimeout: 90 }

let namespace: Namespace
let connection: ScriptedConnection
let host: WrappedHost
let port: number

function main(): string {
  return readFileSync(join(etc, 'main.cf'), 'utf8')
}

/** What Postfix itself says of a parameter of that main.cf; undefined when the file does not name it. */
function named(parameter: string): string | undefined {
  const lines = execFileSync('postconf', ['-c', etc, '-n'], { encoding: 'utf8' }).split('\n')
  return lines.find((line) => line.startsWith(`${parameter} =`))?.replace(/^\S+ = ?/, '')
}

beforeAll(async () => {
  chmodSync(folder, 0o755)
  for (const path of [spool, lib, log]) mkdirSync(path)
  execFileSync('chown', ['postfix', lib])
  cpSync('/etc/postfix', etc, { recursive: true })
  writeFileSync(join(etc, 'main.cf'), `${kept}maillog_file = /var/lib/postfix/mail.log\nmaillog_file_prefixes = /var\n`)
  port = await freePort()
  const master = readFileSync('/usr/share/postfix/master.cf.dist', 'utf8').replaceAll(/^smtp( +inet)/gm, `${port}$1`)
  writeFileSync(join(etc, 'master.cf'), master.replaceAll(/^(\S+ +(?:inet|unix)\S* +\S+ +\S+ +)y/gm, '$1n'))
  const binds = [
    [etc, '/etc/postfix'],
    [spool, '/var/spool/postfix'],
    [lib, '/var/lib/postfix'],
    [log, '/var/log'],
  ]
  const network = 'ip link set lo up && ip address add 127.0.0.2/8 dev lo'
  const mounts = binds.map(([a, b]) => `mount --bind ${a} ${b}`).join('\n')
  namespace = await Namespace.open(`mount --make-rprivate /\n${network}\n${mounts}`, true)
  host = new WrappedHost('mx-system', [...namespace.enter, 'sh', '-c'])
  connection = new ScriptedConnection(host, postfix, installation, LIMITS)
})

afterAll(() => {
  for (const pid of masterPids('', spool)) process.kill(-pid, 'SIGKILL')
  namespace.end()
  rmSync(folder, { recursive: true, force: true })
})

test('install changes no byte of main.cf and master.cf', async () => {
  const before = [main(), readFileSync(join(etc, 'master.cf'), 'utf8')]
  const options = { listen: '127.0.0.1:25', hostname: 'x.example.com', by: 'me', at: 'now' }
  await runScript(host, installScript(postfix, installation, options), { timeout: 60 })
  expect([main(), readFileSync(join(etc, 'master.cf'), 'utf8')]).toEqual(before)
  expect(await connection.status()).toMatchObject({ installed: true, running: false, edited: [] })
})

test('start: the system Postfix of the private copy', async () => {
  const started = await connection.start(newOrder())
  expect(masterPids('', spool)).toEqual([started.pid])
})

test('owns parameters: sets them, gives the found value back, takes out what was not there', async () => {
  const pids = masterPids('', spool)
  const settings = { 'esmtp-connection-timeout': 12, 'spool-cleaner-timeout': 86_400 }
  expect(await connection.sync(newSync({ settings }))).toMatchObject({ wrote: true, took: 'reload' })
  expect([named('smtp_connect_timeout'), named('smtp_helo_timeout'), named('maximal_queue_lifetime')]).toEqual([
    '12s',
    '12s',
    '1d',
  ])
  expect(main()).toContain("# the administrator's own\n  # with odd spacing\n")
  expect(main()).toContain('mynetworks = 127.0.0.0/8,\n   10.0.0.0/8\n')
  expect(masterPids('', spool)).toEqual(pids)
  const state = await connection.status()
  expect(state).toMatchObject({ loaded: 1, edited: [] })
  expect(syncedOf(state, settings)).toBe('yes')

  expect(await connection.sync(newSync({ settings }))).toMatchObject({ wrote: false, took: 'none' })
  await connection.sync(newSync({ settings: { 'other-channel-size': 900 } }))
  expect([named('smtp_connect_timeout'), named('smtp_helo_timeout'), named('maximal_queue_lifetime')]).toEqual([
    '77s',
    undefined,
    undefined,
  ])
  expect(named('qmgr_message_active_limit')).toBe('900')
})

test('drift is an owned value that is another; sync names it, saves it and puts it right', async () => {
  const settings = { 'other-channel-size': 900 }
  execFileSync('postconf', ['-c', etc, '-e', 'qmgr_message_active_limit=5', 'smtp_helo_name=mine.example.com'])
  const state = await connection.status()
  expect(state.edited).toEqual(['qmgr_message_active_limit'])
  expect(await connection.diff(settings)).toEqual([expect.objectContaining({ file: 'parameters', cause: 'edited' })])
  const result = await connection.sync(newSync({ settings }))
  expect(result.replaced).toEqual(['qmgr_message_active_limit'])
  expect(readFileSync(join(folder, result.saved?.replace('/etc/postfix', 'etc') ?? '', 'parameters'), 'utf8')).toBe(
    'qmgr_message_active_limit = 5\n',
  )
  expect([named('qmgr_message_active_limit'), named('smtp_helo_name')]).toEqual(['900', 'mine.example.com'])
  expect(await connection.diff(settings)).toEqual([])
})

test('rollback, a header table, DNS by environment, and all of it taken out again', async () => {
  const at = (await connection.status()).record?.revision
  const settings = { 'fbl-header-name': 'X-My-FBL', 'dns-lookup-timeout': 3 }
  expect(await connection.sync(newSync({ settings }))).toMatchObject({ took: 'restart' })
  const table = /regexp:(\S+)/.exec(named('smtp_header_checks') ?? '')?.[1] ?? ''
  expect(namespace.exec(`cat ${table}`)).toBe('/^X-FBL:(.*)$/ REPLACE X-My-FBL:$1\n')
  expect(named('import_environment')).toMatch(/MAIL_CONFIG.* \{ RES_OPTIONS=timeout:3 attempts:2 \}$/)
  expect(await connection.rollback(newOrder(), at)).toMatchObject({ wrote: true })
  expect([named('smtp_header_checks'), named('import_environment')]).toEqual([undefined, undefined])
  expect(named('qmgr_message_active_limit')).toBe('900')
  await connection.sync(newSync({ settings: {} }))
  expect(named('qmgr_message_active_limit')).toBeUndefined()
  const own = main()
    .split('\n')
    .filter((line) => !/^smtp_helo_name|^maillog_file/.test(line))
  expect(own.join('\n')).toBe(kept.replace('smtp_connect_timeout=   77s', 'smtp_connect_timeout = 77s'))
})

test('listening and sending addresses, the administrator, and where the log goes: set, in force, and given back', async () => {
  const before = main()
  const sending = new ScriptedConnection(host, postfix, { ...installation, addresses: ['127.0.0.23'] }, LIMITS)
  const settings = { 'smtp-listen-only-interfaces': ['127.0.0.2'], 'smtp-admin-email': 'admin$x@example.org' }
  expect(await sending.sync(newSync({ settings: { ...settings, 'smtp-responses-to-syslog': false } }))).toMatchObject({
    took: 'restart',
  })
  const listening = (): unknown =>
    namespace
      .exec(`ss -Hltn 'sport = :${port}'`)
      .match(/\S+:\d+(?= )/g)
      ?.sort()
  expect(listening()).toEqual([`127.0.0.2:${port}`])
  expect(named('smtp_bind_address')).toBe('127.0.0.23')
  expect(namespace.exec('postconf -hx bounce_notice_recipient error_notice_recipient')).toBe(
    'admin$x@example.org\nadmin$x@example.org\n',
  )
  expect(readFileSync(join(log, 'postfix.log'), 'utf8')).toContain('daemon started')

  const [{ diff } = { diff: '' }] = await sending.diff({ ...settings, 'smtp-responses-to-syslog': true })
  expect(diff.match(/^[-+]\w.*/gm)).toEqual(['-maillog_file = /var/log/postfix.log', '+maillog_file = '])

  expect(await connection.sync(newSync({ settings: {} }))).toMatchObject({ took: 'restart' })
  expect(main()).toBe(before)
  expect(listening()).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`])
})

test('a log file of its own is refused where master.cf lacks the service for it', async () => {
  const [before, master] = [main(), readFileSync(join(etc, 'master.cf'), 'utf8')]
  writeFileSync(join(etc, 'master.cf'), master.replace(/^postlog /m, '#postlog '))
  const order = newSync({ settings: { 'smtp-responses-to-syslog': false } })
  await expect(connection.sync(order)).rejects.toThrow(/the service postlog.* master\.cf, which akctl leaves alone/)
  writeFileSync(join(etc, 'master.cf'), master)
  expect(main()).toBe(before)
})

test('what needs master.cf is refused on the node, too, and nothing is changed', async () => {
  const before = main()
  const pretended = new ScriptedConnection(
    host,
    { ...postfix, edits: () => [['maxproc', 'smtp/unix', '5']] },
    installation,
    LIMITS,
  )
  await expect(pretended.sync(newSync({ settings: { 'spool-channel-size': 5 } }))).rejects.toThrow(
    /master\.cf, which akctl leaves alone/,
  )
  expect(() => postfix.edits({}, { ...installation, addresses: ['203.0.113.1', '203.0.113.2'] })).toThrow(
    /several sending addresses/,
  )
  expect(postfix.edits({ 'spool-writers': 5 }, installation)).toEqual([])
  expect(main()).toBe(before)
})

test('whoever writes main.cf at the same moment loses nothing, and is named as the reason', async () => {
  const functions = `${postfix.functions}\npf_keep_table() { echo '# meanwhile' >>"$DIR/main.cf"; }`
  const raced = new ScriptedConnection(host, { ...postfix, functions }, installation, LIMITS)
  const before = main()
  await expect(raced.sync(newSync({ settings: { 'other-channel-size': 901 } }))).rejects.toThrow(
    /somebody has just written \/etc\/postfix\/main\.cf; try again\); nothing was changed/,
  )
  expect(main()).toBe(`${before}# meanwhile\n`)
  writeFileSync(join(etc, 'main.cf'), before)
})

test('an address that is not there: refused by the check, and the old one runs on', async () => {
  const pids = masterPids('', spool)
  const before = main()
  const settings = { 'smtp-listen-only-interfaces': ['203.0.113.99'] }
  await expect(connection.sync(newSync({ settings }))).rejects.toThrow(
    /would refuse.*no local interface found for 203\.0\.113\.99/,
  )
  expect(main()).toBe(before)
  expect(masterPids('', spool)).toEqual(pids)
  expect(readdirSync(etc).filter((name) => name.endsWith('.akctl'))).toEqual([])
  expect(existsSync(join(etc, 'akctl/.merge'))).toBe(false)
})

test('stop ends it', async () => {
  expect(await connection.stop(newOrder())).toMatchObject({ did: true })
  expect(masterPids('', spool)).toEqual([])
})
