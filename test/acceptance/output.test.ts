import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { BIN, testCli } from '../support/cli.ts'
import { terminal } from '../support/pty.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const cli = testCli()
const list = ['nodes', 'list', '--no-status']

beforeAll(async () => {
  await cli.ok('nodes create mx1 --host h1 --dir /opt/a --label role=relay'.split(' '))
  await cli.ok('nodes create mx2 --host h2 --dir /opt/a'.split(' '))
})

describe('formats', () => {
  const row = (id: number, name: string, labels: string): string =>
    [id, name, `h${id}`, 'ssh', 'postfix', '-', '-', labels].join('\t')

  test('piped it is tab-separated without a header; nothing at all for an empty list', async () => {
    expect((await cli.ok(list)).stdout).toBe(`${row(1, 'mx1', 'role=relay')}\n${row(2, 'mx2', '-')}\n`)
    expect((await cli.ok(['keys', 'list'])).stdout).toBe('')
    expect((await cli.ok(['keys', 'list', '-o', 'table'])).stdout).toBe('')
  })

  test('on a terminal it is a table with a header, aligned', async () => {
    const screen = terminal(cli, list)
    expect(await screen.done).toBe(0)
    const [head = '', first = ''] = screen.text().split('\n')
    expect(head).toMatch(/^ID +NAME +HOST +ACCESS +MTA +STATUS +SYNCED +LABELS$/)
    expect(first.indexOf('h1')).toBe(head.indexOf('HOST'))
  })

  test.each([
    ['table', /^ID +NAME/],
    ['tsv', /^1\tmx1\t/],
    ['name', /^mx1\nmx2\n$/],
  ])('-o %s', async (format, shape) => {
    expect((await cli.ok([...list, '-o', format])).stdout).toMatch(shape)
  })

  test('json, yaml and ndjson carry the same', async () => {
    const { json } = await cli.ok([...list, '--json'])
    expect(json).toMatchObject({
      schema: 'nodes.list/1',
      ok: true,
      exit: 0,
      warnings: [],
      data: [{ name: 'mx1' }, { name: 'mx2' }],
    })
    expect(parse((await cli.ok([...list, '-o', 'yaml'])).stdout)).toEqual(json)
    const lines = (await cli.ok([...list, '-o', 'ndjson'])).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(json.data)
  })

  test('--json beats -o, -o beats AKCTL_OUTPUT, and a word that is no format is refused', async () => {
    const env = { AKCTL_OUTPUT: 'json' }
    expect((await cli.ok(list, { env })).json.ok).toBe(true)
    expect((await cli.ok([...list, '-o', 'name'], { env })).stdout).toBe('mx1\nmx2\n')
    expect((await cli.ok([...list, '-o', 'name', '--json'])).json.ok).toBe(true)
    expect(await cli.run(list, { env: { AKCTL_OUTPUT: 'xml' } })).toMatchObject({ exit: 2, stdout: '' })
    expect(await cli.run([...list, '-o', 'xml'])).toMatchObject({ exit: 2, stdout: '' })
  })

  test('a failure obeys the format too, however it was asked for', async () => {
    const bad = ['nodes', 'show', 'nope', '--no-status']
    const ways = [
      [['--json'], {}],
      [['-o', 'json'], {}],
      [['-ojson'], {}],
      [['--output=json'], {}],
      [[], { AKCTL_OUTPUT: 'json' }],
    ] as const
    for (const [flags, env] of ways) {
      const run = await cli.run([...bad, ...flags], { env })
      expect(run.json).toMatchObject({ schema: 'error/1', ok: false, exit: 9 })
      expect(run.stderr).toBe('')
    }
    expect(parse((await cli.run([...bad, '-o', 'yaml'])).stdout)).toMatchObject({ exit: 9 })
    expect(await cli.run([...bad, '-o', 'tsv', '--nope'], { env: { AKCTL_OUTPUT: 'json' } })).toMatchObject({
      exit: 2,
      stdout: '',
    })
  })

  test('global flags may stand before the command', async () => {
    expect((await cli.ok(['-o', 'name', '--no-input', ...list])).stdout).toBe('mx1\nmx2\n')
    expect((await cli.run(['--profile', 'nope', ...list])).exit).toBe(9)
  })

  test('warnings are in the document and on stderr', async () => {
    const file = join(cli.home, 'odd')
    writeFileSync(
      file,
      `nonsense\nh1 ${execFileSync('sh', ['-c', `ssh-keygen -q -t ed25519 -N "" -f ${file}k && cut -d" " -f1,2 ${file}k.pub`], { encoding: 'utf8' })}`,
    )
    const run = await cli.ok(['trust', 'add', 'mx1', '--from-known-hosts', file, '--json'])
    expect(run.json.warnings).toHaveLength(1)
    expect(run.stderr).toBe(`warning: ${run.json.warnings.join()}\n`)
  })
})

describe('colour', () => {
  const coloured = /\u001b\[\d+m/

  test('is on a terminal, and nowhere else', async () => {
    const screen = terminal(cli, list)
    await screen.done
    expect(screen.raw()).toMatch(coloured)
    expect((await cli.ok([...list, '-o', 'table'])).stdout).not.toMatch(coloured)
  })

  test.each([
    ['NO_COLOR takes it away on a terminal', { NO_COLOR: '1' }, false],
    ['NO_COLOR beats FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['FORCE_COLOR=0 takes it away', { FORCE_COLOR: '0' }, false],
    ['a dumb terminal has none', { TERM: 'dumb' }, false],
    ['an empty NO_COLOR means nothing', { NO_COLOR: '' }, true],
  ])('%s', async (_, env, wanted) => {
    const screen = terminal(cli, list, { env })
    await screen.done
    expect(coloured.test(screen.raw())).toBe(wanted)
  })

  test('FORCE_COLOR brings it into a piped table, never into what scripts read', async () => {
    const env = { FORCE_COLOR: '1' }
    expect((await cli.ok([...list, '-o', 'table'], { env })).stdout).toMatch(coloured)
    for (const format of ['tsv', 'json', 'yaml', 'ndjson', 'name']) {
      expect((await cli.ok([...list, '-o', format], { env })).stdout).not.toMatch(coloured)
    }
  })
})

describe('streams', () => {
  /** A profile that prints more than a pipe holds (64 KiB). */
  const big = testCli()

  beforeAll(() => {
    const nodes = Array.from({ length: 2000 }, (_, at) => ({
      id: at + 1,
      name: `node-${at}`,
      host: `host-${at}.example.com`,
      directory: `/opt/${at}`,
      access: 'ssh',
      mta: 'postfix',
      sudo: false,
      addresses: [],
      labels: { number: String(at) },
      settings: {},
      createdAt: '2026-01-01T00:00:00.000Z',
    }))
    const folder = join(big.home, 'profiles/default')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'profile.json'), JSON.stringify({ schema: 1, nextId: 2001, nodes, defaults: {} }), { mode: 0o600 })
  })

  test.each([['tsv'], ['json'], ['table']])('a reader that has gone (| head -1) is no error: %s', async (format) => {
    const child = spawn(process.execPath, [BIN, ...list, '-o', format], { env: big.env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    child.stdout.once('data', () => child.stdout.destroy())
    const exit = await new Promise((resolve) => child.on('close', resolve))
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  })

  test('all of a long answer arrives, through a slow pipe as well', async () => {
    expect((await big.ok(list)).stdout.split('\n')).toHaveLength(2001)
    const slow = spawnSync('sh', ['-c', `"$0" "$@" | { sleep 0.3; cat; }`, process.execPath, BIN, ...list, '--json'], {
      env: big.env,
      maxBuffer: 2 ** 26,
    })
    expect((JSON.parse(slow.stdout.toString()) as { data: unknown[] }).data).toHaveLength(2000)
  })

  test.each([['tsv'], ['json'], ['table'], ['yaml']])('a full disk is exit 1 and a message: %s', (format) => {
    const run = spawnSync('sh', ['-c', `"$0" "$@" > /dev/full`, process.execPath, BIN, ...list, '-o', format], {
      env: big.env,
      encoding: 'utf8',
    })
    expect(run.status).toBe(1)
    expect(run.stderr).toMatch(/^akctl: the output could not be written: ENOSPC/)
  })

  test('a disk that fills up in the middle is noticed: no answer is cut short in silence', () => {
    const file = join(big.home, 'cut')
    const run = spawnSync('sh', ['-c', `ulimit -f 8; "$0" "$@" > "${file}"`, process.execPath, BIN, ...list], {
      env: big.env,
      encoding: 'utf8',
    })
    expect(statSync(file).size).toBe(8 * 512)
    expect(run.status).toBe(1)
    expect(run.stderr).toMatch(/could not be written: EFBIG/)
  })

  test('a failure still has its exit code when nobody can be told', () => {
    const run = spawnSync(
      'sh',
      ['-c', `"$0" "$@" > /dev/full 2> /dev/full`, process.execPath, BIN, 'keys', 'show', 'x', '--json'],
      { env: big.env },
    )
    expect(run.status).toBe(9)
  })

  test('stdin is left alone where nobody asks for it', async () => {
    const run = await cli.run(['keys', 'show'], { input: 'mx1\n' })
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(/Missing 1 required arg/) as string })
    const open = await cli.run(list, { openInput: true, timeout: 20 })
    expect(open.exit).toBe(0)
  })

  test('a flag that can be given several times does not swallow the names behind it', async () => {
    expect((await cli.ok([...list, '-o', 'name', '--exclude', 'mx2', 'mx1', 'mx2'])).stdout).toBe('mx1\n')
  })
})

describe('what a node prints', () => {
  let sshd: Sshd

  beforeAll(async () => {
    sshd = await startSshd({ config: ['ForceCommand printf "bad\\033[2J\\033]0;title\\007\\rthing\\n" >&2; exit 3'] })
    await cli.ok(['keys', 'import', 'k', sshd.key.file])
    await cli.ok([
      'nodes',
      'create',
      'evil',
      '--host',
      '127.0.0.1',
      '--port',
      String(sshd.port),
      '--dir',
      '/opt/a',
      '--user',
      sshd.user,
      '--key',
      'k',
    ])
    await cli.ok(['trust', 'add', 'evil', '--fingerprint', sshd.hostKey().fingerprint])
  })

  afterAll(() => sshd.stop())

  test('reaches neither terminal nor pipe as control sequences', async () => {
    const screen = terminal(cli, ['nodes', 'test', 'evil'], { env: { NO_COLOR: '1' } })
    await screen.done
    expect(screen.text()).toContain('thing')
    expect(screen.raw()).not.toMatch(/\u001b\[2J|\u001b\]|\u0007/)
    for (const format of ['tsv', 'table']) {
      const run = await cli.run(['nodes', 'test', 'evil', '-o', format])
      expect(run.stdout + run.stderr).toContain('thing')
      expect(run.stdout + run.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/)
    }
  })
})

test('the version is answered at once', async () => {
  const { version } = JSON.parse(readFileSync(join(BIN, '../../package.json'), 'utf8')) as { version: string }
  expect((await cli.ok(['--version'])).stdout).toMatch(new RegExp(`^akctl/${version} linux-`))
})
