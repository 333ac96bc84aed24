import { cpSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type InsideResult, Nspawn } from '../support/nspawn.ts'
import { until } from '../support/until.ts'
import { harakaArchive, harakaCache } from '../support/haraka.ts'

const ROOT = resolve(__dirname, '../..')
const DOC = readFileSync(join(ROOT, 'docs/systemd.md'), 'utf8')

/** The units of docs/systemd.md, in its order: what operators are told is what is tested. */
const [POSTFIX_UNIT = '', HARAKA_UNIT = ''] = [...DOC.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, unit = '']) => unit)

interface Status {
  readonly nodes: readonly {
    readonly outcome: string
    readonly result: { readonly running: boolean; readonly pid?: number; readonly loaded?: number; readonly synced: string }
  }[]
}

/** Where the project is inside the machine. */
const INSIDE = '/opt/akctl'

let machine: Nspawn

beforeAll(async () => {
  await harakaArchive() // fetched outside: the machine has no network but loopback
  machine = await Nspawn.boot({ from: ROOT, to: INSIDE })
  cpSync(join(harakaCache(), 'akctl'), join(machine.root, 'opt/cache/akctl'), {
    recursive: true,
  })
}, 180_000)

afterAll(() => machine.stop(), 60_000)

/** akctl inside the machine, as its root would run it, however it ends. */
function run(...args: readonly string[]): InsideResult {
  const env = { AKCTL_HOME: '/opt/home', XDG_CACHE_HOME: '/opt/cache' }
  return machine.run(['node', join(INSIDE, 'bin/run.js'), ...args], env)
}

/** The same, when all must go well. */
function akctl(...args: readonly string[]): string {
  const { status, stdout, stderr } = run(...args)
  if (status !== 0) throw new Error(`akctl ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`)
  return stdout
}

function status(node: string): Status['nodes'][number]['result'] {
  const { nodes } = JSON.parse(akctl('mta', 'status', node, '--json')) as Status
  return nodes[0]!.result
}

/** What systemd itself says of a unit. */
function unit(name: string, property: string): string {
  return machine.run(['systemctl', 'show', '-P', property, name]).stdout.trim()
}

function addUnit(name: string, text: string): void {
  writeFileSync(join(machine.root, 'etc/systemd/system', name), text)
  machine.run(['systemctl', 'daemon-reload'])
}

describe.each([
  ['postfix', 'mx1', 'akctl-mx1.service', POSTFIX_UNIT, '127.0.0.1:2601'],
  ['haraka', 'mx2', 'akctl-mx2.service', HARAKA_UNIT, '127.0.0.1:2602'],
] as const)('%s under a real systemd', (mta, node, service, text, listen) => {
  beforeAll(() => {
    addUnit(service, text)
    akctl(
      'nodes',
      'create',
      node,
      '--host',
      'localhost',
      '--access',
      'local',
      '--dir',
      `/opt/${node}`,
      '--mta',
      mta,
      '--service',
      service,
    )
    akctl('nodes', 'install', node, '--smtp-listen', listen, '--hostname', 'mx.example.com')
  }, 120_000)

  test('start is the start of the unit', () => {
    expect(unit(service, 'ActiveState')).toBe('inactive')
    akctl('mta', 'start', node)
    expect(unit(service, 'ActiveState')).toBe('active')
    expect(Number(unit(service, 'MainPID'))).toBe(status(node).pid)
  }, 60_000)

  test('a sync is taken in by the process of the unit, which systemd still knows', () => {
    akctl('settings', 'set', node, 'esmtp-connection-timeout=21s')
    akctl('mta', 'sync', node)
    const now = status(node)
    expect(now).toMatchObject({ running: true, synced: 'yes' })
    expect(unit(service, 'ActiveState')).toBe('active')
    expect(Number(unit(service, 'MainPID'))).toBe(now.pid)
  }, 60_000)

  test('what systemd restarts by itself counts as loaded', async () => {
    // Which of two came first is told by whole seconds: what started too soon after the link was moved stays in doubt.
    const moved = lstatSync(join(machine.root, `opt/${node}/akctl/live`)).mtimeMs
    await until('the link has lain there for a while', 10, () => Date.now() - moved > 3000 || undefined)
    const before = status(node).pid!
    machine.run(['kill', '-9', String(before)])
    const after = await until('systemd has restarted it', 30, () => {
      const now = status(node)
      return now.running && now.pid !== before ? now : undefined
    })
    expect(after.synced).toBe('yes')
    expect(Number(unit(service, 'NRestarts'))).toBeGreaterThanOrEqual(1)
  }, 60_000)

  test('restart and stop are the unit’s', () => {
    const before = status(node).pid
    akctl('mta', 'restart', node)
    expect(status(node).pid).not.toBe(before)
    expect(Number(unit(service, 'MainPID'))).toBe(status(node).pid)
    akctl('mta', 'stop', node)
    expect(unit(service, 'ActiveState')).toBe('inactive')
    expect(status(node).running).toBe(false)
  }, 60_000)
})

/** A shell command inside, which must go well. */
function inside(command: string): string {
  const { status, stdout, stderr } = machine.run(['sh', '-ec', command])
  if (status !== 0) throw new Error(`${command}: exit ${status}\n${stderr}`)
  return stdout
}

describe('over SSH', () => {
  const service = 'akctl-mx1.service'

  beforeAll(() => {
    for (const key of ['host', 'client']) inside(`ssh-keygen -q -t ed25519 -N '' -f /opt/${key}`)
    const options = [
      'ListenAddress=127.0.0.1',
      'AuthorizedKeysFile=/opt/client.pub',
      'StrictModes=no',
      'UsePAM=no',
      'PidFile=none',
    ]
    inside(
      `mkdir -p /run/sshd; /usr/sbin/sshd -f /dev/null -p 2222 -h /opt/host ${options.map((text) => `-o ${text}`).join(' ')}`,
    )
    akctl('keys', 'import', 'main', '/opt/client')
    const [, fingerprint = ''] = inside('ssh-keygen -lf /opt/host.pub').split(' ')
    akctl('trust', 'add', '127.0.0.1:2222', '--fingerprint', fingerprint)
    const at = ['--host', '127.0.0.1', '--port', '2222', '--key', 'main', '--dir', '/opt/mx1']
    akctl('nodes', 'create', 'far', ...at, '--service', service)
  }, 60_000)

  test('start and stop are those of the unit', () => {
    akctl('mta', 'start', 'far', '--no-sync')
    expect(unit(service, 'ActiveState')).toBe('active')
    expect(Number(unit(service, 'MainPID'))).toBe(status('far').pid)
    akctl('mta', 'stop', 'far')
    expect(unit(service, 'ActiveState')).toBe('inactive')
  }, 60_000)

  test.each([
    ['is not there', '', /akctl-odd\.service not found/],
    ['fails', '[Service]\nExecStart=/bin/sh -c "echo no such luck; exit 3"\nType=oneshot\n', /no such luck/],
  ])(
    'a start whose unit %s says so, in the words of systemd and of the unit',
    (_, text, words) => {
      if (text !== '') addUnit('akctl-odd.service', text)
      akctl('nodes', 'edit', 'far', '--service', 'akctl-odd.service')
      const { status: exit, stderr } = run('mta', 'start', 'far', '--no-sync')
      expect([exit, stderr]).toEqual([1, expect.stringMatching(/the MTA did not start/)])
      expect(stderr).toMatch(words)
      expect(machine.run(['pgrep', '-x', 'master']).status).toBe(1)
    },
    60_000,
  )
})

describe('the system’s Postfix, under the unit of its package', () => {
  const service = 'postfix@-.service'
  const master = (): string => inside('cat /var/spool/postfix/pid/master.pid').trim()

  beforeAll(() => {
    inside('printf "compatibility_level = 3.6\\ninet_interfaces = 127.0.0.1\\nmydestination =\\n" >/etc/postfix/main.cf')
    akctl('nodes', 'create', 'mx3', '--access', 'local', '--dir', '/etc/postfix', '--service', service)
    akctl('nodes', 'install', 'mx3')
    akctl('mta', 'start', 'mx3')
  }, 60_000)

  test('start is the start of the unit', () => {
    expect(unit(service, 'ActiveState')).toBe('active')
    expect(inside(`cat /proc/${master()}/cgroup`)).toContain('postfix@-.service')
    expect(status('mx3')).toMatchObject({ running: true, pid: Number(master()) })
  })

  test('a sync reloads it, a restart is the unit’s', () => {
    const before = master()
    akctl('settings', 'set', 'mx3', 'esmtp-connection-timeout=21s', '--sync')
    expect(inside('postconf -h smtp_connect_timeout').trim()).toBe('21s')
    expect(master()).toBe(before)
    akctl('mta', 'restart', 'mx3')
    expect(inside(`cat /proc/${master()}/cgroup`)).toContain('postfix@-.service')
    expect([status('mx3').synced, master() === before]).toEqual(['yes', false])
  }, 60_000)

  test('stop is the stop of the unit', () => {
    const before = master()
    akctl('mta', 'stop', 'mx3')
    expect(unit(service, 'ActiveState')).toBe('inactive')
    expect(machine.run(['test', '-e', `/proc/${before}`]).status).toBe(1)
  }, 60_000)
})

test('a log that is in the journal alone: the last lines of this Postfix among those of others, then what comes', async () => {
  const log = (program: string, first: number, last: number): void => {
    const lines = `seq -f 'line %g' ${first} ${last} | logger -p mail.info -t ${program}`
    expect(machine.run(['sh', '-c', lines])).toMatchObject({ status: 0 })
  }
  machine.run(['sh', '-c', 'rm -f /var/log/mail.log /var/log/maillog /var/log/syslog /var/log/messages'])
  akctl('settings', 'set', 'mx1', 'smtp-responses-to-syslog=on')
  akctl('mta', 'sync', 'mx1')
  log('postfix-mx1/smtp', 1, 3)
  log('postfix-other/smtp', 1, 40)
  const texts = (lines: string): readonly string[] => lines.match(/line \d+$/gm) ?? []
  await until('the journal has them', 20, () => texts(akctl('node', 'logs', 'mx1', '-n', '50')).length === 3 || undefined)
  expect(texts(akctl('node', 'logs', 'mx1', '-n', '2'))).toEqual(['line 2', 'line 3'])

  const follow = `exec node ${INSIDE}/bin/run.js node logs mx1 -f -n 2 >/opt/followed 2>&1`
  const { stdout: pid } = machine.run(['sh', '-c', `sh -c '${follow}' & echo $!`], { AKCTL_HOME: '/opt/home' })
  const followed = (): readonly string[] => texts(readFileSync(join(machine.root, 'opt/followed'), 'utf8'))
  await until('the last lines are there', 20, () => followed().length === 2 || undefined)
  log('postfix-other/smtp', 41, 42)
  log('postfix-mx1/smtp', 4, 5)
  await until('what came is there', 20, () => followed().length >= 4 || undefined)
  expect(followed()).toEqual(['line 2', 'line 3', 'line 4', 'line 5'])
  machine.run(['kill', '-INT', pid.trim()])
}, 120_000)
