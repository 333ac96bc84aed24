// `npm test` and `npm run demo` as the first command ever typed: tools/first.sh on a machine that lacks things. The
// machine is this one seen through a PATH of its own, with an empty /usr/sbin; npm and apt-get write down what they are told.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { tempDir } from '../support/temp.ts'

const root = resolve(__dirname, '../..')
const temp = tempDir()
chmodSync(temp, 0o755)
/** What every Debian has and the script uses. */
const BASICS = ['sh', 'id', 'sed', 'cut', 'sort', 'tail', 'mktemp', 'rm', 'chmod', 'touch', 'dirname', 'mkdir', 'cat', 'ls']

interface Machine {
  readonly folder: string
  /** Writes a program of this machine. */
  program(name: string, text: string): void
  /** What a program was called with, a line a call. */
  calls(name: string): readonly string[]
  run(
    task: string,
    options?: { readonly user?: string; readonly words?: readonly string[] },
  ): { status: number | null; stdout: string; stderr: string }
}

let count = 0

/** A machine with Debian's basics, Node.js and npm, and a bare clone on it; `has` are the system programs it has. */
function machine(has: readonly string[] = []): Machine {
  const folder = join(temp, `machine-${count++}`)
  const bin = join(folder, 'bin')
  const clone = join(folder, 'clone')
  for (const path of [bin, join(clone, 'tools'), join(folder, 'log')]) mkdirSync(path, { recursive: true })
  for (const path of [folder, join(folder, 'log')]) chmodSync(path, 0o777)
  for (const name of BASICS) symlinkSync(which(name), join(bin, name))
  symlinkSync(process.execPath, join(bin, 'node'))
  for (const name of ['first.sh', 'system-packages']) copyFileSync(join(root, 'tools', name), join(clone, 'tools', name))
  for (const name of ['build', 'test', 'demo'])
    writeFileSync(join(clone, `tools/${name}.mjs`), `console.log('${name}', process.argv.slice(2).join(' '))\n`)
  writeFileSync(join(clone, 'package-lock.json'), '{}')
  const program = (name: string, text: string): void => {
    rmSync(join(bin, name), { force: true })
    writeFileSync(join(bin, name), `#!/bin/sh\necho "$*" >>${folder}/log/${name}\n${text}\n`, { mode: 0o755 })
  }
  for (const name of has) program(name, '')
  program('npm', 'mkdir -p node_modules && echo {} >node_modules/.package-lock.json')
  return {
    folder,
    program,
    calls: (name) =>
      existsSync(`${folder}/log/${name}`) ? readFileSync(`${folder}/log/${name}`, 'utf8').trimEnd().split('\n') : [],
    run: (task, { user, words = [] } = {}) => {
      const as = user === undefined ? '' : `setpriv --reuid=${user} --regid=${user} --clear-groups `
      const sandbox = `mount -t tmpfs none /usr/sbin && exec ${as}env PATH=${bin} HOME=${folder} sh tools/first.sh "$@"`
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', sandbox, 'sh', task, ...words], {
        cwd: clone,
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    },
  }
}

function which(name: string): string {
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
}

/** The rows of tools/system-packages about programs: files beside them are there, or these tests would not run. */
function listed(): readonly {
  readonly program: string
  readonly package: string
  readonly tasks: string
  readonly reason: string
}[] {
  return readFileSync(join(root, 'tools/system-packages'), 'utf8')
    .split('\n')
    .filter((line) => /^[^#/]/.test(line))
    .map((line) => {
      const [program = '', name = '', tasks = '', ...reason] = line.split(/\s+/)
      return { program, package: name, tasks, reason: reason.join(' ') }
    })
}

const packagesFor = (task: string): string[] =>
  [
    ...new Set(
      listed()
        .filter((row) => row.tasks.includes(task))
        .map((row) => row.package),
    ),
  ].sort()
const all = listed().map((row) => row.program)

/** An apt-get that "installs" everything, and notes whether servers were kept from starting. */
const WORKING_APT = `[ "$1" = install ] || exit 0
cat /usr/sbin/policy-rc.d >"$HOME/log/policy" 2>&1
for name in ${all.join(' ')}; do printf '#!/bin/sh\\n' >"$HOME/bin/$name"; chmod 755 "$HOME/bin/$name"; done`

describe('a machine that has everything', () => {
  it('runs the task with the words given, and neither npm nor apt-get', () => {
    const m = machine(all)
    m.program('apt-get', '')
    m.run('test')
    writeFileSync(`${m.folder}/log/npm`, '')
    const { status, stdout } = m.run('test', { words: ['a', 'b c'] })
    expect({ status, lines: stdout.trim().split('\n') }).toEqual({ status: 0, lines: ['build ', 'test a b c'] })
    expect([m.calls('apt-get'), m.calls('npm')]).toEqual([[], ['']])
  })

  it("ends with the task's own exit code", () => {
    const m = machine(all)
    writeFileSync(`${m.folder}/clone/tools/demo.mjs`, 'process.exitCode = 7')
    expect(m.run('demo').status).toBe(7)
  })
})

describe('node_modules', () => {
  it('is made by npm ci when it is missing, and left alone afterwards', () => {
    const m = machine(all)
    expect(m.run('test').stdout).toContain('No node_modules: running npm ci')
    expect(m.run('test').stdout).not.toContain('npm ci')
    expect(m.calls('npm')).toEqual(['ci --no-audit --no-fund --loglevel=notice'])
  })

  it('is made anew when the lock file is newer', () => {
    const m = machine(all)
    m.run('test')
    const later = new Date(Date.now() + 5000)
    utimesSync(`${m.folder}/clone/package-lock.json`, later, later)
    expect(m.run('test').stdout).toContain('package-lock.json is newer than node_modules: running npm ci')
    expect(m.calls('npm')).toHaveLength(2)
  })

  it('that could not be made ends the run', () => {
    const m = machine(all)
    m.program('npm', 'echo no network >&2; exit 1')
    const { status, stdout, stderr } = m.run('test')
    expect({ status, ran: stdout.includes('build') }).toEqual({ status: 1, ran: false })
    expect(stderr).toContain('no network\nnpm ci failed')
  })
})

describe('missing system programs', () => {
  it('are named with their reasons and installed, no server started, before the test runs', () => {
    const m = machine()
    m.program('apt-get', WORKING_APT)
    m.program('debconf-set-selections', `cat >"$HOME/log/preseed"`)
    const { status, stdout } = m.run('test')
    expect({ status, last: stdout.trim().split('\n').at(-1) }).toEqual({ status: 0, last: 'test' })
    for (const row of listed()) expect(stdout).toContain(`${row.program} (${row.package}): ${row.reason}\n`)
    expect(m.calls('apt-get')).toEqual(['update', `install -y --no-install-recommends ${packagesFor('test').join(' ')}`])
    expect(m.calls('preseed')).toEqual(['postfix postfix/main_mailer_type select No configuration'])
    expect(m.calls('policy')).toEqual(['#!/bin/sh', 'exit 101'])
  })

  it('are fewer for the demo', () => {
    const m = machine()
    m.program('apt-get', WORKING_APT)
    m.run('demo')
    expect(m.calls('apt-get').at(-1)).toBe(`install -y --no-install-recommends ${packagesFor('demo').join(' ')}`)
    expect(packagesFor('demo').length).toBeLessThan(packagesFor('test').length)
  })

  it('that apt-get cannot install end the run with its last lines', () => {
    const m = machine()
    m.program('apt-get', 'echo "E: no such package"; exit 100')
    const { status, stderr } = m.run('test')
    expect({ status, npm: m.calls('npm') }).toEqual({ status: 1, npm: [] })
    expect(stderr).toContain('E: no such package\napt-get could not install:')
  })

  it('are named, and nothing is done, where there is no apt-get', () => {
    const m = machine(all.filter((name) => name !== 'fish'))
    const { status, stderr } = m.run('test')
    expect({ status, npm: m.calls('npm') }).toEqual({ status: 1, npm: [] })
    expect(stderr).toContain('fish (fish): login shells that are not sh\n')
    expect(stderr).not.toContain('strace')
  })

  it('are named with the command that installs them, and nothing is done, for a user who is not root', () => {
    const m = machine(all.filter((name) => name !== 'fish'))
    m.program('apt-get', WORKING_APT)
    const { status, stderr } = m.run('test', { user: '65534' })
    expect({ status, npm: m.calls('npm'), apt: m.calls('apt-get') }).toEqual({ status: 1, npm: [], apt: [] })
    expect(stderr).toContain('apt-get install fish')
    expect(stderr).toContain('sudo npm run test')
  })
})

it('a Node.js that is too old is named before anything is done', () => {
  const m = machine(all)
  m.program('node', 'case $1 in --version) echo v18.19.0 ;; *) exit 1 ;; esac')
  const { status, stderr } = m.run('test')
  expect({ status, npm: m.calls('npm') }).toEqual({ status: 1, npm: [] })
  expect(stderr).toContain('akctl needs Node.js 20.19 or newer; this is v18.19.0')
})

it('a run of jest ends with the line that counts', () => {
  const { stdout, status } = spawnSync(process.execPath, ['tools/run-jest.mjs', 'test/unit/tools/sizes.test.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ status, last: stdout.trim().split('\n').at(-1) }).toEqual({ status: 0, last: '3 passed, 0 failed' })
})
