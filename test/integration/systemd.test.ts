import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Nspawn } from '../support/nspawn.ts'
import { until } from '../support/until.ts'
import { harakaArchive } from '../support/haraka.ts'

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
  cpSync(join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`, 'akctl'), join(machine.root, 'opt/cache/akctl'), {
    recursive: true,
  })
}, 180_000)

afterAll(() => machine.stop(), 60_000)

/** akctl inside the machine, as its root would run it. */
function akctl(...args: readonly string[]): string {
  const { status, stdout, stderr } = machine.run(['node', join(INSIDE, 'bin/run.js'), ...args], {
    AKCTL_HOME: '/opt/home',
    XDG_CACHE_HOME: '/opt/cache',
  })
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
