import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuseBooleanValues } from '../../src/cli/boolean-values.ts'
import { BIN, testCli } from '../support/cli.ts'
import { KEY, terminal } from '../support/pty.ts'

/** What the machine, the shell and the disk do to akctl. */
const cli = testCli()
const node = (name: string): readonly string[] => ['nodes', 'create', name, '--access', 'local', '--dir', `/opt/${name}`]

beforeAll(async () => {
  for (const name of ['mx1', 'mx2']) await cli.ok(node(name))
})

interface Flag {
  readonly name: string
  readonly type: string
  readonly char?: string
  readonly allowNo?: boolean
}

const manifest = JSON.parse(readFileSync(join(__dirname, '../../oclif.manifest.json'), 'utf8')) as {
  readonly commands: Readonly<Record<string, { readonly id: string; readonly flags: Readonly<Record<string, Flag>> }>>
}

describe('a flag that takes no value', () => {
  test('a value is refused, and never taken for a node', async () => {
    for (const word of ['--yes=1', '--dry-run=2', '--no-input=1', '-y=1', '--no-gate=1', '--json=true']) {
      const run = await cli.run(['mta', 'stop', 'mx2', word])
      expect([word, run.exit]).toEqual([word, 2])
      expect(run.stderr + run.stdout).toContain(`${word.split('=')[0]} takes no value`)
    }
    expect((await cli.run(['nodes', 'delete', '--yes=1'])).exit).toBe(2)
    expect((await cli.run(['--json=1', 'nodes', 'list'])).json).toMatchObject({ ok: false, exit: 2 })
    expect((await cli.ok(['nodes', 'list', '--no-status', '-o', 'name'])).stdout).toBe('mx1\nmx2\n')
  })

  test('that holds for every flag of every command', () => {
    const switches = Object.values(manifest.commands).flatMap(({ flags }) =>
      Object.values(flags).flatMap((flag) => (flag.type === 'boolean' ? [{ flags, name: flag.name }] : [])),
    )
    expect(switches.length).toBeGreaterThan(100)
    for (const { flags, name } of switches) {
      expect(() => refuseBooleanValues(['mx1', `--${name}=1`], flags)).toThrow(`--${name} takes no value`)
      refuseBooleanValues(['mx1', `--${name}`, '--', `--${name}=1`], flags)
    }
  })
})

test('no code is loaded from the folder where the user keeps data', async () => {
  const data = join(cli.home, '..', '.local/share/akctl')
  const mark = join(data, 'ran')
  const plugin = join(data, 'node_modules/evil')
  mkdirSync(join(plugin, 'commands'), { recursive: true })
  const pjson = { name: 'data', dependencies: { evil: '1.0.0' }, oclif: { plugins: [{ name: 'evil', type: 'user' }] } }
  writeFileSync(join(data, 'package.json'), JSON.stringify(pjson))
  const evil = { name: 'evil', version: '1.0.0', oclif: { commands: './commands' } }
  writeFileSync(join(plugin, 'package.json'), JSON.stringify(evil))
  writeFileSync(join(plugin, 'commands/hi.js'), `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
  const run = await cli.ok(['nodes', 'list', '--no-status'])
  expect(run.stderr).toBe('')
  expect((await cli.run(['hi'])).exit).toBe(2)
  expect(existsSync(mark)).toBe(false)
})

test('times that no timer can hold are refused', async () => {
  const long = ['--change-timeout=604801', '--connect-timeout=9999999', '--grace=604801', '--command-timeout=2147484']
  for (const flag of long) expect([flag, (await cli.run(['mta', 'stop', 'mx1', flag])).exit]).toEqual([flag, 2])
  const wait = await cli.run(['mta', 'stop', 'mx1', '--serial', '1', '--pause-between', '30d'])
  expect(wait).toMatchObject({ exit: 2, stderr: expect.stringContaining('--pause-between is 30d: too long') as string })
})

describe('the disk', () => {
  test('a full one is no bug: what was to be written is named, and nothing is left of it', async () => {
    const disk = join(cli.home, 'disk')
    mkdirSync(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'akctl-test', disk]).status).toBe(0)
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(4096))
      const run = await cli.run(['fleet', 'export', '-f', join(disk, 'fleet.yaml'), '--json'])
      expect(run.json).toMatchObject({ exit: 1, error: { kind: 'store' } })
      expect(run.json.error?.message).toBe(`--file: cannot write ${join(disk, 'fleet.yaml')}: no space left on the disk`)
      expect(readdirSync(disk)).toEqual(['filler'])
    } finally {
      expect(spawnSync('umount', [disk]).status).toBe(0)
    }
  })

  test('a cache that cannot be made is named, with the variable that moves it', async () => {
    await cli.ok([
      'nodes',
      'create',
      'ax',
      '--access',
      'https',
      '--host',
      'ax.example.com',
      '--mta',
      'haraka',
      '--dir',
      '/opt/ax',
    ])
    const file = join(cli.home, 'file')
    writeFileSync(file, '')
    const args = ['nodes', 'archive', 'ax', '--plaintext', '--out', join(cli.home, 'a.tgz')]
    const run = await cli.run(args, { env: { XDG_CACHE_HOME: file } })
    expect(run.exit).toBe(1)
    expect(run.stderr).toContain(`the cache ${file}/akctl/`)
    expect(run.stderr).toContain('XDG_CACHE_HOME')
    expect(existsSync(join(cli.home, 'a.tgz'))).toBe(false)
  })

  test('a store below a folder of the system that takes none ends with a message, not in a loop', async () => {
    const run = await cli.run(node('mx9'), { env: { AKCTL_HOME: '/proc/nope/akctl' }, timeout: 20 })
    expect(run.exit).toBe(1)
    expect(run.stderr).toMatch(/cannot make the directory \/proc\/nope\/akctl/)
  })

  test('a working directory that is gone is said to be gone', () => {
    const gone = join(cli.home, 'gone')
    mkdirSync(gone)
    const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3" nodes list --no-status'
    const run = spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, BIN], {
      env: { ...cli.env, AKCTL_HOME: 'relative' },
      encoding: 'utf8',
    })
    if (existsSync(gone)) rmdirSync(gone)
    expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('the working directory is gone') as string])
  })
})

describe('--version', () => {
  const version = (to: string) =>
    spawnSync('sh', ['-c', `"$0" "$1" --version ${to}`, process.execPath, BIN], { env: cli.env, encoding: 'utf8' })

  test('a full disk is exit 1 and a message', () => {
    const run = version('>/dev/full')
    expect([run.status, run.stderr]).toEqual([1, expect.stringMatching(/^akctl: the output could not be written/) as string])
  })

  test('a reader that has gone is no error', () => {
    const run = spawnSync('sh', ['-c', '{ "$0" "$1" --version; echo $? >&2; } | true', process.execPath, BIN], {
      env: cli.env,
      encoding: 'utf8',
    })
    expect(run.stderr).toBe('0\n')
  })
})

test.each(['on', 'YES', 'please'])('AKCTL_NO_INPUT=%s asks nothing on a terminal', async (AKCTL_NO_INPUT) => {
  const screen = terminal(cli, ['nodes', 'delete', 'mx1'], { env: { AKCTL_NO_INPUT } })
  expect(await screen.done).toBe(2)
  expect(screen.text()).toMatch(/--yes/)
})

test('AKCTL_NO_INPUT=off asks', async () => {
  const screen = terminal(cli, ['nodes', 'delete', 'mx1'], { env: { AKCTL_NO_INPUT: 'off' } })
  await screen.expect(/Type mx1/)
  screen.send(KEY.ctrlC)
  expect(await screen.done).toBe(130)
})

test('a variable for waves is no mistake where there are none; a flag that was typed is', async () => {
  const env = { AKCTL_PAUSE_BETWEEN: '5s', AKCTL_GATE_TIMEOUT: '5s', AKCTL_GATE_QUEUE: '7' }
  const stop = ['mta', 'stop', 'mx1', '--dry-run']
  expect((await cli.run(stop, { env })).stdout).toContain('mx1')
  const typed = await cli.run([...stop, '--gate-timeout', '5s'], { env })
  expect([typed.exit, typed.stderr]).toEqual([2, expect.stringContaining('--gate-timeout has a meaning only in waves') as string])
})

test('a word that is neither node nor setting is named', async () => {
  const run = await cli.run(['settings', 'unset', 'mx1', 'nokey'])
  expect([run.exit, run.stderr]).toEqual([9, expect.stringContaining('there is no setting "nokey"') as string])
})
