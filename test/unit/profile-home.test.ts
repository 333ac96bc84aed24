import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { NotFoundError, StoreError, UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { ProfileHome } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const fresh = (
  (count) => (): string =>
    join(root, `h${count.n++}`)
)({ n: 0 })

describe('the place of the store', () => {
  test.each([
    [{ AKCTL_HOME: '/a/b', XDG_DATA_HOME: '/x', HOME: '/h' }, '/a/b'],
    [{ AKCTL_HOME: '', XDG_DATA_HOME: '/x', HOME: '/h' }, '/x/akctl'],
    [{ XDG_DATA_HOME: 'relative', HOME: '/h' }, '/h/.local/share/akctl'],
    [{ XDG_DATA_HOME: '', HOME: '/h' }, '/h/.local/share/akctl'],
    [{ AKCTL_HOME: relative(process.cwd(), '/a/c') }, '/a/c'],
  ])('%j: %s', (env, place) => {
    expect(openHome(env).directory).toBe(place)
  })

  test.each([{}, { HOME: '' }, { HOME: 'relative' }])('%j names no place: the error says what to set', (env) => {
    expect(() => openHome(env)).toThrow(StoreError)
    expect(hintsOf(() => openHome(env))).toContain('set AKCTL_HOME')
  })

  test('a place where nothing can be made says to set AKCTL_HOME', async () => {
    writeFileSync(join(root, 'file'), '')
    const profile = openHome({ HOME: join(root, 'file') }).open()
    await expect(profile).rejects.toThrow(StoreError)
    await expect(profile).rejects.toMatchObject({ hints: [expect.stringContaining('AKCTL_HOME') as string] })
  })

  test('AKCTL_STORE_TIMEOUT must be a number of seconds', () => {
    expect(() => openHome({ AKCTL_HOME: root, AKCTL_STORE_TIMEOUT: 'soon' })).toThrow(UsageError)
    expect(() => openHome({ AKCTL_HOME: root, AKCTL_STORE_TIMEOUT: '-1' })).toThrow('AKCTL_STORE_TIMEOUT is "-1"')
    expect(openHome({ AKCTL_HOME: root, AKCTL_STORE_TIMEOUT: '0.5' }).directory).toBe(root)
  })
})

function hintsOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as StoreError).hints.join('\n')
  }
  return ''
}

test('reading makes nothing: the profile default is there without any file', async () => {
  const place = fresh()
  const home = openHome({ AKCTL_HOME: place })
  const profile = await home.open()
  expect(profile.name).toBe('default')
  expect(await profile.read()).toEqual({ schema: 1, nextId: 1, nodes: [], defaults: {} })
  expect([await profile.keys.list(), await profile.trust.list(), await profile.journal.list({ limit: 5 })]).toEqual([[], [], []])
  expect(await profile.orders.get(1)).toBeUndefined()
  await profile.orders.clear(new Map([[1, 'x']]))
  expect(await home.list()).toEqual([
    { name: 'default', current: true, nodes: 0, directory: join(place, 'profiles/default'), secrets: 'none' },
  ])
  expect(existsSync(place)).toBe(false)
})

describe('profiles', () => {
  test('are created, used, listed by name and deleted', async () => {
    const place = fresh()
    const home = openHome({ AKCTL_HOME: place })
    expect(await home.create('prod')).toMatchObject({ name: 'prod', current: false, nodes: 0 })
    await home.create('acme')
    await home.use('prod')
    expect((await home.list()).map(({ name, current }) => [name, current])).toEqual([
      ['acme', false],
      ['default', false],
      ['prod', true],
    ])
    expect((await openHome({ AKCTL_HOME: place }).open()).name).toBe('prod')
    expect((await home.open('acme')).name).toBe('acme')
    await home.delete('acme')
    expect(readdirSync(join(place, 'profiles')).filter((name) => !name.startsWith('.lock'))).toEqual(['prod'])
  })

  test('keep their nodes, keys and trust apart', async () => {
    const home = openHome({ AKCTL_HOME: fresh() })
    await home.create('other')
    const [one, two] = [await home.open('default'), await home.open('other')]
    await one.keys.create('k', { comment: '' })
    await one.trust.add([record('a:22')])
    expect(await two.keys.list()).toEqual([])
    expect(await two.trust.list()).toEqual([])
  })

  test('a name that is taken, not allowed, unknown or in use is refused', async () => {
    const home = openHome({ AKCTL_HOME: fresh() })
    await home.create('prod')
    await home.use('prod')
    await expect(home.create('prod')).rejects.toThrow(UsageError)
    await expect(home.create('default')).rejects.toThrow('already')
    await expect(home.create('../up')).rejects.toThrow(UsageError)
    await expect(home.open('../up')).rejects.toThrow(UsageError)
    await expect(home.open('nope')).rejects.toThrow(NotFoundError)
    await expect(home.use('nope')).rejects.toThrow(NotFoundError)
    await expect(home.delete('nope')).rejects.toThrow(NotFoundError)
    await expect(home.delete('prod')).rejects.toThrow('in use')
    await expect(home.delete('default')).rejects.toThrow(UsageError)
    expect((await home.list()).map(({ name }) => name)).toEqual(['default', 'prod'])
  })

  test('one in use that is gone is not silently replaced by another', async () => {
    const place = fresh()
    const home = openHome({ AKCTL_HOME: place })
    await home.create('prod')
    await home.use('prod')
    rmSync(join(place, 'profiles/prod'), { recursive: true })
    await expect(home.open()).rejects.toThrow(NotFoundError)
    await expect(home.open()).rejects.toMatchObject({
      hints: [expect.stringContaining('profiles use default') as string, expect.anything()],
    })
    await home.use('default')
    expect((await home.open()).name).toBe('default')
  })

  test('what a crash left of a deleted one is no profile, and goes with the first change of another process', async () => {
    const place = fresh()
    const home = openHome({ AKCTL_HOME: place })
    await home.create('a')
    mkdirSync(join(place, `profiles/.gone.${'0'.repeat(32)}.old/keys`), { recursive: true })
    writeFileSync(join(place, 'profiles/README'), '')
    expect((await home.list()).map(({ name }) => name)).toEqual(['a', 'default'])
    await openHome({ AKCTL_HOME: place }).create('b')
    expect(readdirSync(join(place, 'profiles')).sort()).toEqual(['.lock', '.lock-queue', 'README', 'a', 'b'])
  })

  test('a home that is a link is followed, as somebody chose it', async () => {
    const [place, link] = [fresh(), fresh()]
    mkdirSync(place)
    symlinkSync(place, link)
    await openHome({ AKCTL_HOME: link }).create('linked')
    expect(existsSync(join(place, 'profiles/linked'))).toBe(true)
  })
})

function record(endpoint: string) {
  const fingerprint = `SHA256:${'A'.repeat(43)}`
  return { endpoint, kind: 'ssh', fingerprint, added: '2026-01-01T00:00:00Z', by: 'me@here', source: 'flag' } as const
}

test.each([
  ['watch.json', 'profiles/default/watch.json', (home: ProfileHome) => home.open().then(({ watch }) => watch.read()), true],
  ['config.json', 'config.json', (home: ProfileHome) => home.open(), true],
  ['profile.json', 'profiles/default/profile.json', (home: ProfileHome) => home.open().then((profile) => profile.read()), false],
])('a damaged %s: whether one can do without it is said', async (_, file, read, expendable) => {
  const directory = fresh()
  const path = join(directory, file)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, 'rubbish', { mode: 0o600 })
  const home = openHome({ AKCTL_HOME: directory })
  const { hints } = (await read(home).catch((error: unknown) => error)) as StoreError
  expect(hints.some((hint) => hint.includes(`rm -f ${path} ${path}.bak (lost is only`))).toBe(expendable)
})
