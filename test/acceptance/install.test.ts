import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli, type CliRun } from '../support/cli.ts'
import { cliNodes, journalOf, treeSum, trustSshd, type CliNode } from '../support/cli-nodes.ts'
import { childrenOf } from '../support/processes.ts'
import { freePort } from '../support/ports.ts'
import { makeKey, startSshd, type Sshd } from '../support/sshd.ts'
import { systemUser, type SystemUser } from '../support/system-user.ts'
import { harakaCache, harakaPids } from '../support/haraka.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

/** What was fetched once stays for all tests of this machine. */
const cli = testCli({ XDG_CACHE_HOME: harakaCache() })
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')

afterAll(async () => {
  for (const name of readdirSync(temp)) for (const pid of harakaPids(join(temp, name))) process.kill(pid, 'SIGKILL')
  await Promise.all([sshd.stop(), other.stop()])
  await Promise.all([user.remove(), sudoer.remove()])
})

const temp = tempDir() // goes after what runs in it is ended: hooks run in the order they are given

let sshd: Sshd
let other: Sshd
let user: SystemUser
let sudoer: SystemUser

beforeAll(async () => {
  chmodSync(temp, 0o755)
  sshd = await startSshd()
  other = await startSshd()
  user = await systemUser()
  sudoer = await systemUser({ sudo: 'NOPASSWD: /bin/sh' })
  await trustSshd(cli, sshd)
}, 120_000)

/** The steps of the one node of a run: `connect failed`. */
function steps(run: CliRun): string[] {
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').slice(1, 3).join(' '))
}

describe('nodes install of a Postfix that is there already', () => {
  const adopted = `/etc/postfix-aktest${process.pid}`

  afterAll(() => rmSync(adopted, { recursive: true, force: true }))

  test('it is adopted as it is: nothing else is said, and no byte of its own changed', async () => {
    const directory = adopted
    mkdirSync(directory)
    writeFileSync(join(directory, 'main.cf'), 'compatibility_level = 3.6\ninet_interfaces = loopback-only\n')
    writeFileSync(join(directory, 'master.cf'), '2599 inet n - n - - smtpd\n')
    await cli.ok(words(`nodes create sys1 --host localhost --access local --dir ${directory} --mta postfix`))
    expect((await cli.ok(words('nodes install sys1'))).stdout).toMatch(/^sys1\tchanged\tadopted as it is\t3\./)
    expect((await cli.ok(words('nodes install sys1'))).stdout).toMatch(/^sys1\tok\tis adopted already, nothing to do\t3\./)
    expect(readFileSync(join(directory, 'main.cf'), 'utf8')).toBe('compatibility_level = 3.6\ninet_interfaces = loopback-only\n')
    expect(readdirSync(directory).sort()).toEqual(['akctl', 'main.cf', 'master.cf'])
  })

  test("the system's: a dry run says so, and an address or a name for it is refused before anything is done", async () => {
    await cli.ok(words('nodes create sys2 --host localhost --access local --dir /etc/postfix-none --mta postfix'))
    expect((await cli.ok(words('nodes install sys2 --dry-run'))).stdout).toContain('would be: adopted as it is')
    for (const flag of ['--smtp-listen 127.0.0.1:25', '--hostname mx.example.com']) {
      const run = await cli.run(words(`nodes install sys2 ${flag}`))
      expect([run.exit, run.stderr]).toEqual([2, expect.stringMatching(/sys2 is the system's Postfix.*adopted as it is/)])
    }
    expect(existsSync('/etc/postfix-none')).toBe(false)
  })
})

describe('nodes install', () => {
  let mx1: CliNode

  test('--dry-run says what it would do, and makes nothing', async () => {
    mx1 = await makeNode(cli, 'mx1', { sshd, install: false, flags: ['--address', '127.0.0.9'] })
    const run = await cli.ok(words('nodes install mx1 --dry-run'))
    expect(run.stdout).toMatch(/^mx1\tok\twould be: .*listening on 127\.0\.0\.9:25 as /)
    expect(readdirSync(mx1.directory)).toEqual([])
  })

  test('prepares a Postfix of its own over SSH: base, revision 0, nothing started', async () => {
    const run = await cli.ok(words('nodes install mx1 --hostname mx1.example.com'))
    expect(run.stdout).toMatch(/^mx1\tchanged\tprepared, listening on 127\.0\.0\.9:25 as mx1\.example\.com\t3\./)
    expect(readFileSync(mx1.path('base/main.cf'), 'utf8')).toMatch(/^myhostname = mx1\.example\.com$/m)
    expect(readFileSync(mx1.path('base/master.cf'), 'utf8')).toMatch(/^127\.0\.0\.9:25 inet n - n - - smtpd$/m)
    expect([mx1.revision(), mx1.record().settings, mx1.masters()]).toEqual([0, {}, []])
    expect(journalOf(cli).at(-1)).toMatchObject({ verb: 'nodes install', node: 'mx1', outcome: 'changed' })
  })

  test('run again it changes nothing, above all not an edited base', async () => {
    writeFileSync(mx1.path('base/main.cf'), '# mine\n', { flag: 'a' })
    const [base, revisions] = [treeSum(mx1.path('base')), treeSum(mx1.path('akctl/revisions'))]
    const run = await cli.ok(words('nodes install mx1 --smtp-listen 127.0.0.1:2525 --hostname other.example.com'))
    expect(run.stdout).toMatch(/^mx1\tok\tis prepared already, nothing to do/)
    expect([treeSum(mx1.path('base')), treeSum(mx1.path('akctl/revisions'))]).toEqual([base, revisions])
  })

  test('whose link is cut while Haraka is sent: exit 7, what to do, and nothing is half there', async () => {
    const directory = join(temp, 'mx2')
    mkdirSync(join(directory, 'akctl'), { recursive: true })
    await cli.ok([
      ...words(`nodes create mx2 --host 127.0.0.1 --port ${sshd.port} --key main --user ${sudoer.name} --sudo --mta haraka`),
      ...['--dir', directory],
    ])
    // While somebody else has the lock, the script takes nothing in: the archive is more than a channel holds.
    const holder = spawn('flock', [join(directory, 'akctl/lock'), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' })
    await once(holder.stdout, 'data')
    const install = cli.start(words('nodes install mx2 --lock-timeout 60'))
    const waiting = join(directory, 'akctl/waiting/install')
    const script = await until('it waits', 60, () => readFileSync(waiting, 'utf8').split(' ')[0] || undefined)
    // Of a user who is not root, sshd has two processes a connection; the script is below both, and is left alone.
    for (const pid of sshd.connections().flatMap((one) => [one, ...childrenOf(one)])) process.kill(pid, 'SIGKILL')
    const run = await install.done.finally(() => holder.stdin.end())
    expect([run.exit, run.stderr]).toEqual([7, expect.stringContaining('run it again: akctl nodes install mx2')])
    await until('the script has ended', 30, () => !existsSync(`/proc/${script}`) || undefined)
    expect(readdirSync(directory)).toEqual(['akctl'])
    expect(readdirSync(join(directory, 'akctl')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('sends Haraka where it is missing, by sudo and once; it then starts from what was sent', async () => {
    const directory = join(temp, 'mx2')
    const port = await freePort()
    const first = await cli.ok(words(`nodes install mx2 --smtp-listen 127.0.0.1:${port} --hostname mx2.example.com`))
    expect(first.stdout).toMatch(
      new RegExp(`^mx2\tchanged\tprograms sent, prepared, listening on 127.0.0.1:${port} as mx2.example.com\t3\\.`),
    )
    expect(statSync(join(directory, 'mta/node_modules/Haraka/bin/haraka')).uid).toBe(0)
    expect(readFileSync(join(directory, 'base/config/me'), 'utf8')).toBe('mx2.example.com\n')
    expect(harakaPids(directory)).toEqual([])
    expect((await cli.ok(words('nodes install mx2'))).stdout).toMatch(/^mx2\tok\tis prepared already/)
    await cli.ok(words('mta start mx2'))
    expect(harakaPids(directory)).toHaveLength(1)
    await cli.ok(words('mta stop mx2'))
    expect(harakaPids(directory)).toEqual([])
  })

  test('bad values are refused before any node is touched', async () => {
    for (const line of [
      'nodes install mx1 --smtp-listen 25',
      'nodes install mx1 --smtp-listen localhost:25',
      'nodes install mx1 --smtp-listen 127.0.0.1:0',
      'nodes install mx1 --smtp-listen 127.0.0.1:65536',
      'nodes install mx1 --smtp-listen ::1:25',
      'nodes install mx1 --hostname mx_1',
      'nodes install mx1 --hostname -x',
      'nodes install',
    ]) {
      expect([line, (await cli.run(words(line))).exit]).toEqual([line, 2])
    }
  })

  test('as a user who may not drive Postfix: exit 6, saying why, and nothing is left', async () => {
    await cli.ok(
      words(`nodes create foreign --host 127.0.0.1 --port ${sshd.port} --key main --user ${user.name} --dir ${temp}/foreign`),
    )
    const run = await cli.run(words('nodes install foreign'))
    expect([run.exit, run.stderr]).toEqual([6, expect.stringContaining('root only')])
    expect(existsSync(join(temp, 'foreign'))).toBe(false)
  })
})

describe('nodes install in waves', () => {
  const names = ['w1', 'w2', 'w3']
  const prepared = (): readonly string[] => names.filter((name) => existsSync(join(temp, name, 'base/main.cf')))
  const outcomes = ({ stdout }: CliRun): readonly string[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t').slice(0, 2).join(' '))

  beforeAll(async () => {
    for (const name of names)
      await cli.ok(words(`nodes create ${name} --host ${name}.example.com --access local --dir ${temp}/${name}`))
  })

  test('what fails in the first wave spares the others: they are skipped, and nothing is there', async () => {
    writeFileSync(join(temp, 'w1'), 'a file where the directory should be')
    const run = await cli.run(words('nodes install w[1-3] --serial 1,100%'))
    expect(outcomes(run)).toEqual(['w1 failed', 'w2 skipped', 'w3 skipped'])
    expect([run.exit, prepared()]).toEqual([1, []])
    expect(run.stderr).toContain('wave 1 of 2: 1 node\n')
    expect(run.stderr).toContain(`${temp}/w1 can't be a directory, as a file is in its place or above it`)
    rmSync(join(temp, 'w1'))
  })

  test('Ctrl-C in the pause: what is prepared stays, the rest is cancelled', async () => {
    const install = cli.start(words('nodes install w[1-3] --serial 1,100% --pause-between 10m'))
    const done = (): boolean =>
      journalOf(cli).some(({ node, outcome, verb }) => verb === 'nodes install' && node === 'w1' && outcome === 'changed')
    await until('the first wave is done', 60, () => done() || undefined)
    install.child.kill('SIGINT')
    const run = await install.done
    expect([run.exit, ...outcomes(run)]).toEqual([130, 'w1 changed', 'w2 cancelled', 'w3 cancelled'])
    expect(prepared()).toEqual(['w1'])
  })

  test('run again it goes on: wave after wave, with the pause between them', async () => {
    const run = await cli.ok(words('nodes install w[1-3] --serial 2 --pause-between 2s'))
    expect(outcomes(run)).toEqual(['w1 ok', 'w2 changed', 'w3 changed'])
    const [second = 0, third = 0] = ['w2', 'w3'].map((name) => statSync(join(temp, name, 'base/main.cf')).mtimeMs)
    expect(third - second).toBeGreaterThan(1900)
  })

  test.each([
    ['--pause-between 5s', 2, '--pause-between has a meaning only in waves'],
    ['--serial 0', 2, '--serial'],
    ['--serial 1 --on-failure rollback', 2, '--on-failure'],
  ])('%s is refused', async (flags, exit, why) => {
    const run = await cli.run(words(`nodes install w1 ${flags}`))
    expect([run.exit, run.stderr]).toEqual([exit, expect.stringContaining(why)])
  })
})

describe('nodes test', () => {
  const create = (name: string, flags: string): Promise<unknown> =>
    cli.ok(words(`nodes create ${name} --dir ${temp}/${name} ${flags}`))

  test('a good node: a line a step, and nothing is changed there', async () => {
    const ok = await makeNode(cli, 'ok', { sshd })
    const before = ok.sum()
    const run = await cli.ok(words('nodes test ok'))
    expect(steps(run)).toEqual([
      'resolve ok',
      'connect ok',
      'identity ok',
      'auth ok',
      'rights ok',
      'directory ok',
      'mta ok',
      'version ok',
      'agent skipped',
      'clock ok',
    ])
    expect(ok.sum()).toBe(before)
  })

  test('a node before its installation is no failure: what is missing is said', async () => {
    await create('new', `--host 127.0.0.1 --port ${sshd.port} --key main`)
    const run = await cli.ok(words('nodes test new'))
    expect(steps(run).slice(5, 7)).toEqual(['directory skipped', 'mta skipped'])
    expect(run.stdout).toContain('akctl nodes install new')
    expect(existsSync(join(temp, 'new'))).toBe(false)
  })

  test('a name without an address: resolve, exit 4', async () => {
    await create('unnamed', '--host mx.invalid --key main')
    const run = await cli.run(words('nodes test unnamed'))
    expect([run.exit, ...steps(run).slice(0, 2)]).toEqual([4, 'resolve failed', 'connect skipped'])
    expect(run.stdout).toContain('not reached: resolve failed')
  })

  test('nothing listening: connect, exit 4', async () => {
    await create('closed', `--host 127.0.0.1 --port ${await freePort()} --key main`)
    const run = await cli.run(words('nodes test closed'))
    expect([run.exit, ...steps(run).slice(0, 3)]).toEqual([4, 'resolve ok', 'connect failed', 'identity skipped'])
  })

  test('an unknown host key: identity, exit 5, with the command that would accept it; no login is tried', async () => {
    await create('stranger', `--host 127.0.0.1 --port ${other.port} --key main`)
    const run = await cli.run(words('nodes test stranger'))
    expect([run.exit, ...steps(run).slice(0, 4)]).toEqual([5, 'resolve ok', 'connect ok', 'identity failed', 'auth skipped'])
    expect(run.stderr).toContain(`akctl trust add stranger --fingerprint ${other.hostKey().fingerprint}`)
    expect(await other.authAttempts()).toEqual([])
  })

  test('a key that is not let in: auth, exit 6, whatever the node is called', async () => {
    await cli.ok(['keys', 'import', 'wrong', makeKey(join(temp, 'wrong')).file])
    await create('sudo1', `--host 127.0.0.1 --port ${sshd.port} --key wrong`)
    const run = await cli.run(words('nodes test sudo1'))
    expect([run.exit, ...steps(run).slice(2, 5)]).toEqual([6, 'identity ok', 'auth failed', 'rights skipped'])
  })

  test('sudo refused: rights, exit 6', async () => {
    await create('nosudo', `--host 127.0.0.1 --port ${sshd.port} --key main --user ${user.name} --sudo`)
    const run = await cli.run(words('nodes test nosudo'))
    expect([run.exit, ...steps(run).slice(3, 6)]).toEqual([6, 'auth ok', 'rights failed', 'directory skipped'])
    expect(run.stderr).toContain('NOPASSWD')
  })

  test('a directory that can not be written to: directory, exit 1, naming whom and what', async () => {
    mkdirSync(join(temp, 'rootonly'), { mode: 0o755 })
    await create('rootonly', `--host 127.0.0.1 --port ${sshd.port} --key main --user ${user.name}`)
    const run = await cli.run(words('nodes test rootonly --json'))
    expect([run.exit, run.json.nodes?.[0]?.outcome]).toEqual([1, 'failed'])
    expect(run.json.nodes?.[0]?.error?.message).toBe(`${user.name} can't write to ${temp}/rootonly`)
    expect(statSync(join(temp, 'rootonly')).uid).toBe(0)
  })
})
