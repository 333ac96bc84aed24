// The keyring is a real gnome-keyring on a bus of its own. What it holds is asked of it, not of akctl.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:net'
import { join } from 'node:path'
import { openHome } from '../../src/profile/home.ts'
import { BIN, type CliRun, testCli } from '../support/cli.ts'
import { TestKeyring } from '../support/keyring.ts'
import { OneAccess } from '../support/secret-access.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const keyring = new TestKeyring()
const place = tempDir()
const cli = testCli(keyring.env)

interface Stored {
  readonly protection: { readonly kind: string; readonly entry?: string }
  readonly entries: readonly unknown[]
}

const fileOf = (profile: string): string => join(cli.home, 'profiles', profile, 'secrets.json')
const stored = (profile: string): Stored => JSON.parse(readFileSync(fileOf(profile), 'utf8')) as Stored
const entryOf = (profile: string): string => stored(profile).protection.entry ?? ''
const archive = (profile: string, ...more: string[]): string[] => [
  ...`nodes archive mx1 --profile ${profile} --runtime system --force --out a.tgz`.split(' '),
  ...more,
]

/** The API key of mx1, opened by what the keyring itself gives for the profile's entry. */
async function apiKey(profile: string): Promise<string | undefined> {
  const [text = ''] = keyring.keys([entryOf(profile)])
  const by = { kind: 'keyring', entry: entryOf(profile), key: Buffer.from(text, 'base64') } as const
  const { secrets } = await openHome({ AKCTL_HOME: cli.home }, new OneAccess(by)).open(profile)
  return (await secrets.get('node/1/api-key'))?.reveal()
}

beforeAll(async () => {
  await keyring.start()
  for (const profile of ['one', 'two']) {
    await cli.ok(['profiles', 'create', profile])
    await cli.ok(`nodes create mx1 --host 203.0.113.5 --dir /opt/a --access https --mta postfix --profile ${profile}`.split(' '))
  }
  await cli.ok(archive('one', '--keyring'))
}, 120_000)

afterAll(() => keyring.stop())

test('--keyring: the key is in the keyring, under a name that says whose it is, and what it opens is in the store', async () => {
  expect(keyring.labels()).toEqual(['akctl: secrets of the profile one'])
  expect(keyring.keys([entryOf('one')])[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/)
  expect(await apiKey('one')).toMatch(/^akctl_[\w-]{43}$/)
  expect((await cli.ok(['profiles', 'list'])).stdout).toMatch(/^one\t.*\tkeyring$/m)
})

test('later nothing is to be given: the keyring unlocks, whatever variables say', async () => {
  const before = await apiKey('one')
  await cli.ok(archive('one', '--renew'), { env: { AKCTL_PASSPHRASE: 'of something else' } })
  const after = await apiKey('one')
  expect(after).toMatch(/^akctl_/)
  expect(after).not.toBe(before)
  expect(keyring.labels()).toHaveLength(1)
})

test('protect: to a passphrase and back to the keyring; what unlocks nothing any longer is gone from it', async () => {
  const key = await apiKey('one')
  const [first, old] = [entryOf('one'), join(place, 'old')]
  writeFileSync(old, 'a passphrase\n')
  const run = await cli.ok(['profiles', 'protect', 'one', '--new-passphrase-file', old, '--json'])
  expect(run.json).toMatchObject({ ok: true, data: { name: 'one', secrets: 'passphrase', before: 'keyring' } })
  expect([keyring.labels(), keyring.keys([first])]).toEqual([[], ['']])
  expect(stored('one').protection.kind).toBe('passphrase')
  await cli.ok(['profiles', 'protect', 'one', '--keyring', '--passphrase-file', old])
  expect([entryOf('one') === first, await apiKey('one')]).toEqual([false, key])
  expect(readFileSync(`${fileOf('one')}.bak`, 'utf8')).toBe(readFileSync(fileOf('one'), 'utf8'))
  const journal = await cli.ok(['journal', 'list', '--profile', 'one', '--json'])
  expect(journal.stdout).toContain('keyring -> passphrase')
})

test('the key is on no command line, and the variables of akctl are not handed on', () => {
  const trace = join(place, 'trace')
  const strace = ['-f', '-qq', '-e', 'trace=execve', '-v', '-s', '100000', '-o', trace, process.execPath, BIN]
  const env = { ...cli.env, AKCTL_PASSPHRASE: 'MARK-of-the-variable' }
  const words = 'profiles protect one --keyring'.split(' ')
  expect(spawnSync('strace', [...strace, ...words], { cwd: cli.home, env }).status).toBe(0)
  const programs = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"secret-tool"'))
  expect(programs.map((line) => /"(search|store|clear)"/.exec(line)?.[1])).toEqual(
    expect.arrayContaining(['search', 'store', 'clear']),
  )
  const [key = ''] = keyring.keys([entryOf('one')])
  expect(key).toHaveLength(44)
  for (const line of programs) {
    expect(line).not.toContain('MARK-of-the-variable')
    expect(line).not.toContain(key)
  }
})

describe('a keyring that is of no use is never replaced by something weaker', () => {
  let hanging: Server
  const socket = join(place, 'hangs')
  const before = (): string => readFileSync(fileOf('one'), 'utf8')

  beforeAll(async () => {
    hanging = createServer((socket) => void socket.on('error', () => undefined).resume()) // hears everything, and never says a word
    await new Promise<void>((resolve) => hanging.listen(socket, resolve))
  })
  afterAll(() => void hanging.close())

  /** A secret is wanted of one profile, and the first of another is to be stored. */
  async function both(env: Readonly<Record<string, string | undefined>>): Promise<readonly CliRun[]> {
    const was = before()
    const runs = [await cli.run(archive('one', '--renew'), { env }), await cli.run(archive('two', '--keyring'), { env })]
    expect(before()).toBe(was)
    expect(existsSync(fileOf('two'))).toBe(false)
    for (const { exit, stderr } of runs) {
      expect([exit, stderr]).toEqual([2, expect.stringMatching(/key file or a passphrase instead/)])
    }
    return runs
  }

  test('it hangs: 3 seconds, and the program that asked it is gone', async () => {
    const runs = await both({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}` })
    for (const { stderr } of runs) expect(stderr).toMatch(/the keyring did not answer within 3 s/)
    const asking = (): Promise<number> =>
      new Promise((resolve, reject) => hanging.getConnections((error, count) => (error ? reject(error) : resolve(count))))
    await until('nobody asks any longer', 5, async () => (await asking()) === 0 || undefined)
  })

  test('there is none, or no bus at all', async () => {
    for (const address of [undefined, '', `unix:path=${place}/nobody`]) {
      const [search, store] = await both({ DBUS_SESSION_BUS_ADDRESS: address })
      expect(search?.stderr).toMatch(/the keyring did not answer\n {2}\| secret-tool: ./)
      expect(store?.stderr).toMatch(/the keyring did not take a key\n {2}\| secret-tool: ./)
    }
  })

  test('the program that reaches it is not installed', async () => {
    for (const { stderr } of await both({ PATH: place })) expect(stderr).toMatch(/secret-tool was not found.*\n.*libsecret-tools/)
  })

  test('it is locked', async () => {
    await keyring.serve('locked')
    const [search, store] = await both({})
    expect(search?.stderr).toMatch(/the keyring that holds the key of the profile one is locked/)
    expect(store?.stderr).toMatch(/the keyring did not take a key/)
    await keyring.serve('unlocked')
    await cli.ok(archive('one', '--renew'))
  })

  test('it has lost the key: exit 6, and the store is as it was', async () => {
    keyring.forget(entryOf('one'))
    const was = before()
    const run = await cli.run(archive('one', '--renew'))
    expect([run.exit, run.stderr]).toEqual([
      6,
      expect.stringMatching(/the keyring has no key that unlocks the secrets of the profile one/),
    ])
    expect(before()).toBe(was)
  })
})
