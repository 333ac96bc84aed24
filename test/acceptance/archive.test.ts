import { execFileSync } from 'node:child_process'
import { X509Certificate, createHash, createPrivateKey } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareUnpacked } from '../../src/connection/local/first-start.ts'
import { LocalHost } from '../../src/connection/local/local-host.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { testCli, type CliRun } from '../support/cli.ts'
import { HarakaNode, harakaCache, harakaPids } from '../support/haraka.ts'
import { freePort } from '../support/ports.ts'
import { tempDir } from '../support/temp.ts'

jest.setTimeout(180_000)

afterAll(() => {
  for (const name of readdirSync(place)) for (const pid of harakaPids(join(place, name))) process.kill(pid, 'SIGKILL')
})

const place = tempDir() // goes after what runs in it is ended
chmodSync(place, 0o755)

/** What was fetched once stays for all tests of this machine. */
const cache = harakaCache()
const cli = testCli({ XDG_CACHE_HOME: cache, AKCTL_SECRETS_KEY_FILE: join(place, 'secrets-key') })
const words = (line: string): string[] => line.split(' ')
const at = (...parts: string[]): string => join(place, ...parts)

beforeAll(async () => {
  await cli.ok(words('nodes create mx1 --host mx1.example.com --dir /opt/akmta --access https --mta haraka'))
  await cli.ok(words('nodes create mx2 --host 203.0.113.6 --dir /opt/akmta --access https --mta postfix'))
  await cli.ok(words('nodes create by-ssh --host 203.0.113.7 --dir /opt/akmta'))
})

/** Unpacks by the system's tar, over what is in the folder. */
function unpack(file: string, folder: string): string {
  const path = at(folder)
  mkdirSync(path, { recursive: true })
  execFileSync('tar', ['-xzf', file, '-C', path])
  return path
}

function names(file: string): readonly string[] {
  return execFileSync('tar', ['-tzf', file], { encoding: 'utf8', maxBuffer: 2 ** 25 })
    .trim()
    .split('\n')
}

const nodeJson = (folder: string): Record<string, string> =>
  JSON.parse(readFileSync(join(folder, 'conf/node.json'), 'utf8')) as Record<string, string>

const certificate = (folder: string): X509Certificate => new X509Certificate(readFileSync(join(folder, 'conf/server.crt')))

interface Trusted {
  readonly endpoint: string
  readonly fingerprint: string
  readonly kind: string
  readonly source: string
}

const trusted = async (endpoint: string): Promise<readonly Trusted[]> =>
  ((await cli.ok(['trust', 'list', '--json'])).json.data as readonly Trusted[]).filter((record) => record.endpoint === endpoint)

const fingerprint = (folder: string): string =>
  `SHA256:${createHash('sha256').update(certificate(folder).raw).digest('base64').replace(/=+$/, '')}`

const store = (): string => join(cli.home, 'profiles/default')
const secretNames = (): readonly string[] =>
  (JSON.parse(readFileSync(join(store(), 'secrets.json'), 'utf8')) as { entries: { name: string }[] }).entries.map(
    ({ name }) => name,
  )

const check = (folder: string): string =>
  execFileSync(join(folder, 'bin/node'), ['--check', `--config=${folder}/conf/`], {
    encoding: 'utf8',
    env: { PATH: '/nonexistent' },
  })

function expectRefused(run: CliRun, message: RegExp, exit = 2): void {
  expect(run).toMatchObject({ exit, stderr: expect.stringMatching(message) as string })
}

describe('what is refused', () => {
  test('a node without an agent: the message names the way to one', async () => {
    expectRefused(
      await cli.run(['nodes', 'archive', 'by-ssh', '--out', at('no.tgz')]),
      /by-ssh is reached by ssh.*akctl nodes edit by-ssh --access https/s,
    )
  })

  test.each([
    ['--listen mx1:4433', /--listen: 'mx1:4433' is not allowed/],
    ['--smtp-listen 25', /--smtp-listen: '25' is not allowed/],
    ['--rotate', /mx1 has no archive yet, so there is nothing to rotate/],
    ['--finish', /mx1 has no archive yet/],
    ['--rotate --arch arm64', /--arch|--rotate/],
    ['--from /nonexistent', /no Node\.js for x64 in \/nonexistent/],
  ])('%s', async (flags, message) => {
    expectRefused(await cli.run(['nodes', 'archive', 'mx1', '--out', at('no.tgz'), ...words(flags)]), message)
    expect(existsSync(at('no.tgz'))).toBe(false)
  })

  test('the first secret without anything that protects it; nothing is left of the attempt', async () => {
    const run = await cli.run(['nodes', 'archive', 'mx1', '--out', at('no.tgz')], { env: { AKCTL_SECRETS_KEY_FILE: undefined } })
    expectRefused(run, /nothing says what protects it.*--secrets-key-file/s)
    expect(readdirSync(place)).toEqual([])
    expect(await trusted('mx1.example.com:4433')).toEqual([])
  })
})

describe('the archive of a Haraka node', () => {
  let made: CliRun
  let folder: string

  test('is made, with its certificate accepted and its key in the profile', async () => {
    made = await cli.ok(['nodes', 'archive', 'mx1', '--listen', '0.0.0.0:4433', '--out', at('mx1.tgz'), '--json'])
    expect(made.json).toMatchObject({ schema: 'nodes.archive/1', ok: true, warnings: [] })
    const data = made.json.data as { fingerprint: string; bytes: number }
    expect(data).toMatchObject({ node: 'mx1', contents: 'all', mta: 'haraka', listen: '0.0.0.0:4433', arch: 'x64' })
    expect(statSync(at('mx1.tgz'))).toMatchObject({ size: data.bytes })
    expect(statSync(at('mx1.tgz')).mode & 0o777).toBe(0o600)
    expect(await trusted('mx1.example.com:4433')).toMatchObject([
      { fingerprint: data.fingerprint, kind: 'tls', source: 'archive' },
    ])
    expect(secretNames()).toContain('node/1/api-key')
    expect((await cli.ok(['journal', 'list', '--json'])).stdout).toContain(`first, certificate ${data.fingerprint}`)
    expect((await cli.ok(['profiles', 'list'])).stdout).toMatch(/\tkey-file\n$/)
  })

  test('holds what is needed and no base, in one tree', () => {
    folder = unpack(at('mx1.tgz'), 'mx1')
    expect(readdirSync(folder).sort()).toEqual(['bin', 'conf', 'lib', 'mta', 'runtime', 'versions'])
    expect(existsSync(join(folder, 'mta/node_modules/Haraka/bin/haraka'))).toBe(true)
    expect(names(at('mx1.tgz')).filter((name) => name.startsWith('/') || name.includes('..'))).toEqual([])
    const modes = ['bin/node', 'lib/node', 'lib/agent.cjs', 'conf/node.json', 'conf/server.key', 'conf/server.crt'].map((name) =>
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['755', '755', '644', '600', '600', '644'])
    expect(execFileSync(join(folder, 'runtime/bin/node'), ['--version'], { encoding: 'utf8' })).toMatch(/^v20\./)
  })

  test('has a certificate that openssl reads, for this host and nothing else, and its key', () => {
    const text = execFileSync('openssl', ['x509', '-in', join(folder, 'conf/server.crt'), '-noout', '-text'], {
      encoding: 'utf8',
    })
    expect(text).toMatch(/CA:FALSE/)
    expect(text).toMatch(/TLS Web Server Authentication/)
    expect(text).toMatch(/DNS:mx1\.example\.com/)
    expect(text).toMatch(/NIST CURVE: P-256/)
    const key = createPrivateKey(readFileSync(join(folder, 'conf/server.key')))
    expect(certificate(folder).checkPrivateKey(key)).toBe(true)
    expect((made.json.data as { fingerprint: string }).fingerprint).toBe(fingerprint(folder))
  })

  test('the agent in it finds its configuration in order, wherever it is unpacked and without a PATH', () => {
    expect(nodeJson(folder)).toMatchObject({
      BASEDIR: '.',
      MTA: 'haraka',
      APIKEY: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    })
    expect(check(folder)).toMatch(/node\.json is in order/)
    execFileSync('cp', ['-a', folder, at('elsewhere')])
    expect(check(at('elsewhere'))).toMatch(/node\.json is in order/)
    rmSync(at('elsewhere'), { recursive: true })
  })

  test('prepared at the first start it is an installed node, and Haraka starts on what was shipped', async () => {
    const port = await freePort()
    const install = { SMTP_LISTEN: `127.0.0.1:${port}`, HOSTNAME: 'mx1.example.com', BY: 'me@here' }
    writeFileSync(join(folder, 'conf/install.json'), JSON.stringify(install))
    const installation = { directory: folder, addresses: [] }
    const prepare = () =>
      prepareUnpacked(join(folder, 'conf'), new LocalHost('mx1', false), { driver: haraka, installation }, { timeout: 60 })
    expect(await prepare()).toMatchObject({ made: true, revision: 0 })
    expect(readFileSync(join(folder, 'base/config/me'), 'utf8')).toBe('mx1.example.com\n')
    writeFileSync(join(folder, 'base/config/me'), 'mine.example.com\n')
    expect(await prepare()).toMatchObject({ made: false })
    expect(readFileSync(join(folder, 'base/config/me'), 'utf8')).toBe('mine.example.com\n')
    const node = new HarakaNode(installation, port)
    expect(await node.connection.status()).toMatchObject({ installed: true, running: false })
    await node.start()
    const state = await node.connection.status()
    expect(state).toMatchObject({ running: true })
    expect(execFileSync('readlink', [`/proc/${state.pid ?? 0}/exe`], { encoding: 'utf8' }).trim()).toBe(join(folder, 'lib/node'))
  })

  test('a folder whose conf came by other means is not prepared; a broken install.json is an error', async () => {
    const conf = at('own-conf')
    mkdirSync(conf)
    const prepare = () =>
      prepareUnpacked(
        conf,
        new LocalHost('mx1', false),
        { driver: haraka, installation: { directory: at('nothing'), addresses: [] } },
        { timeout: 60 },
      )
    expect(await prepare()).toBeUndefined()
    writeFileSync(join(conf, 'install.json'), '{"SMTP_LISTEN":"a\\nb"}')
    await expect(prepare()).rejects.toThrow(/install\.json is not in order/)
    expect(existsSync(at('nothing'))).toBe(false)
    rmSync(conf, { recursive: true })
  })

  test('another one is refused, with what to do; a file that is there is not replaced', async () => {
    expectRefused(
      await cli.run(['nodes', 'archive', 'mx1', '--out', at('two.tgz')]),
      /has an archive already.*--upgrade.*--rotate.*--renew/s,
    )
    expectRefused(await cli.run(['nodes', 'archive', 'mx1', '--renew', '--out', at('mx1.tgz')]), /is there already.*--force/s)
    expect(existsSync(at('two.tgz'))).toBe(false)
    expect(await trusted('mx1.example.com:4433')).toMatchObject([{ fingerprint: fingerprint(folder) }])
  })

  test('an upgrade has the programs and no configuration', async () => {
    const run = await cli.ok(['nodes', 'archive', 'mx1', '--upgrade', '--out', at('up.tgz'), '--json'])
    expect(run.json.data).toMatchObject({ contents: 'programs' })
    expect(names(at('up.tgz')).filter((name) => /^(conf|base|akctl)\//.test(name))).toEqual([])
    const before = readFileSync(join(folder, 'conf/node.json'))
    unpack(at('up.tgz'), 'mx1') // over a node whose Haraka runs
    expect(readFileSync(join(folder, 'conf/node.json'))).toEqual(before)
    expect(check(folder)).toMatch(/in order/)
    rmSync(at('up.tgz'))
  })

  test('without the runtime it is small, and from an unpacked archive it needs no registry', async () => {
    const none = { PATH: process.env['PATH'], XDG_CACHE_HOME: at('cache'), npm_config_registry: 'http://127.0.0.1:1/' }
    const flags = ['--upgrade', '--from', folder, '--force', '--out', at('from.tgz')]
    await cli.ok(['nodes', 'archive', 'mx1', ...flags], { env: none, timeout: 120 })
    expect(names(at('from.tgz'))).toContain('lib/node')
    await cli.ok(['nodes', 'archive', 'mx1', ...flags, '--runtime', 'system'], { env: none })
    expect(names(at('from.tgz')).filter((name) => /^(lib|runtime)\//.test(name))).toEqual(['lib/agent.cjs'])
    expectRefused(
      await cli.run(['nodes', 'archive', 'mx1', ...flags, '--arch', 'arm64'], { env: none }),
      /not the Node\.js that akctl knows/,
    )
    rmSync(at('from.tgz'))
    rmSync(at('cache'), { recursive: true })
  })
})

describe('rotation', () => {
  let folder: string
  let first: string

  beforeAll(() => {
    folder = at('mx1')
    first = fingerprint(folder)
  })

  test('begins with a conf-only archive of both keys and a new certificate; the profile accepts both', async () => {
    const [old = ''] = nodeJson(folder)['APIKEY']?.split(',') ?? []
    await cli.ok(['nodes', 'archive', 'mx1', '--rotate', '--out', at('rotate.tgz')])
    expect(names(at('rotate.tgz'))).toEqual(['conf/node.json', 'conf/server.crt', 'conf/server.key'])
    unpack(at('rotate.tgz'), 'mx1')
    const keys = nodeJson(folder)['APIKEY']?.split(',') ?? []
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(old)
    expect(nodeJson(folder)['LISTEN']).toBe('0.0.0.0:4433') // as last time
    expect(check(folder)).toMatch(/in order/)
    expect((await trusted('mx1.example.com:4433')).map((record) => record.fingerprint)).toEqual([first, fingerprint(folder)])
  })

  test('again it makes the same archive: a lost one does no harm', async () => {
    await cli.ok(['nodes', 'archive', 'mx1', '--rotate', '--out', at('rotate-2.tgz')])
    expect(readFileSync(at('rotate-2.tgz')).equals(readFileSync(at('rotate.tgz')))).toBe(true)
  })

  test('ends with the new key alone, and only the new certificate is accepted', async () => {
    const second = fingerprint(folder)
    const [, next] = nodeJson(folder)['APIKEY']?.split(',') ?? []
    await cli.ok(['nodes', 'archive', 'mx1', '--finish', '--unasked', '--out', at('finish.tgz')])
    expect(names(at('finish.tgz'))).toEqual(['conf/node.json'])
    unpack(at('finish.tgz'), 'mx1')
    expect(nodeJson(folder)['APIKEY']).toBe(next)
    expect(check(folder)).toMatch(/in order/)
    expect((await trusted('mx1.example.com:4433')).map((record) => record.fingerprint)).toEqual([second])
    expect(secretNames()).not.toContain('node/1/api-key-next')
    expect(secretNames()).not.toContain('node/1/server-next')
  })

  test('renewal forgets all that was', async () => {
    const before = fingerprint(folder)
    await cli.ok(['nodes', 'archive', 'mx1', '--renew', '--force', '--out', at('mx1.tgz')])
    const records = await trusted('mx1.example.com:4433')
    expect(records).toHaveLength(1)
    expect(records[0]?.fingerprint).not.toBe(before)
    expect(secretNames().filter((name) => name.startsWith('node/1/'))).toEqual(['node/1/archive', 'node/1/api-key'])
  })
})

describe('the archive of a Postfix node', () => {
  test('has no MTA in it, and takes a second', async () => {
    const began = performance.now()
    const run = await cli.ok(['nodes', 'archive', 'mx2', '--listen', '127.0.0.1:4433', '--out', at('mx2.tgz'), '--json'])
    expect(performance.now() - began).toBeLessThan(15_000)
    expect(run.json.warnings).toEqual([expect.stringMatching(/will listen on 127\.0\.0\.1 only/)])
    expect(names(at('mx2.tgz')).filter((name) => !/^(conf|bin|lib)\//.test(name))).toEqual([])
    const folder = unpack(at('mx2.tgz'), 'mx2')
    expect(nodeJson(folder)).toMatchObject({ MTA: 'postfix', LISTEN: '127.0.0.1:4433' })
    expect(check(folder)).toMatch(/in order/)
    expect(certificate(folder).subjectAltName).toBe('IP Address:203.0.113.6')
  })

  test('deleting the node deletes its secrets and its certificate', async () => {
    await cli.ok(['nodes', 'delete', 'mx2', '--yes'])
    expect(secretNames().filter((name) => name.startsWith('node/2/'))).toEqual([])
    expect(readFileSync(join(store(), 'secrets.json.bak'), 'utf8')).not.toContain('node/2/')
    expect(await trusted('203.0.113.6:4433')).toEqual([])
  })
})

test('what fails at the end leaves neither a file nor a key', async () => {
  await cli.ok(words('nodes create mx3 --host 203.0.113.8 --dir /opt/akmta --access https --mta postfix'))
  const wrong = at('another-key')
  writeFileSync(wrong, `${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 })
  const run = await cli.run(['nodes', 'archive', 'mx3', '--out', at('mx3.tgz'), '--secrets-key-file', wrong])
  expectRefused(run, /the key file does not unlock the secrets of the profile default/, 6)
  expect(readdirSync(place).filter((name) => name.includes('mx3'))).toEqual([])
  expect(await trusted('203.0.113.8:4433')).toEqual([])
  expect(secretNames().filter((name) => name.startsWith('node/4/'))).toEqual([])
})
