import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import { StoreError, UsageError } from '../../src/outcome/errors.ts'
import { Folder } from '../../src/profile/folder.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile, ProfileData } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }

async function fresh(): Promise<{ profile: Profile; file: string; again: () => Promise<Profile> }> {
  const home = join(root, `h${count.n++}`)
  const again = (): Promise<Profile> => openHome({ AKCTL_HOME: home }).open()
  return { profile: await again(), file: join(home, 'profiles/default/profile.json'), again }
}

/** Every field a record can have. */
const FULL: NodeRecord = {
  ...{ id: 1, name: 'mx1', host: 'mx1.example.com', port: 2222, directory: '/srv/mta', access: 'ssh', mta: 'haraka' },
  ...{ user: 'ops', key: 'deploy', sudo: true, service: 'haraka@mx1', addresses: ['203.0.113.5', '2001:db8::1'] },
  jump: { user: 'hop', host: 'bastion', port: 22, key: 'agent' },
  labels: { env: 'prod', constructor: 'x', note: 'größe' },
  settings: {
    ...{ 'spool-writers': 8, 'dns-lookup-timeout': 30, profiling: false, 'fbl-header-name': 'X-FBL' },
    'smtp-listen-only-interfaces': ['203.0.113.5'],
  },
  ...{ baseRevision: 3, createdAt: '2026-01-01T00:00:00Z' },
}
const DATA: ProfileData = { schema: 1, nextId: 2, nodes: [FULL], defaults: { 'spool-readers': 4 } }

const put = (profile: Profile, data: unknown): Promise<void> =>
  profile.update(() => ({ data: data as ProfileData, result: undefined }))

/** Writes a file as it would never be written by akctl, and reads it. */
async function readRaw(text: string): Promise<StoreError> {
  const { profile, file, again } = await fresh()
  await put(profile, DATA)
  writeFileSync(file, text)
  const error: unknown = await (await again()).read().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StoreError)
  // A broken store is never written over, either.
  await expect(put(await again(), DATA)).rejects.toThrow(StoreError)
  expect(readFileSync(file, 'utf8')).toBe(text)
  return error as StoreError
}

const changed = (change: Record<string, unknown>): string => JSON.stringify({ ...DATA, nodes: [{ ...FULL, ...change }] })

describe('profile.json', () => {
  test('gives back what was put in, in this process and the next', async () => {
    const { profile, again } = await fresh()
    await put(profile, DATA)
    expect(await profile.read()).toEqual(DATA)
    expect(await (await again()).read()).toEqual(DATA)
  })

  test("update hands out the newest state and returns the change's result", async () => {
    const { profile, again } = await fresh()
    await put(profile, DATA)
    await put(await again(), { ...DATA, nextId: 9 })
    expect(await profile.update((data) => ({ data, result: data.nextId }))).toBe(9)
    expect((await profile.read()).nextId).toBe(9)
  })

  test('a change that throws writes nothing', async () => {
    const { profile, file } = await fresh()
    await put(profile, DATA)
    const before = readFileSync(file, 'utf8')
    const refusal = new UsageError('the name is taken')
    await expect(
      profile.update(() => {
        throw refusal
      }),
    ).rejects.toBe(refusal)
    expect(readFileSync(file, 'utf8')).toBe(before)
    await put(profile, { ...DATA, nextId: 5 })
    expect((await profile.read()).nextId).toBe(5)
  })

  test('a change that changes nothing leaves the file and its backup alone', async () => {
    const { profile, file } = await fresh()
    await put(profile, DATA)
    await put(profile, { ...DATA, nextId: 7 })
    const [{ ino }, backup] = [statSync(file), readFileSync(`${file}.bak`, 'utf8')]
    await profile.update((data) => ({ data: { ...data }, result: undefined }))
    expect(statSync(file).ino).toBe(ino)
    expect(readFileSync(`${file}.bak`, 'utf8')).toBe(backup)
  })

  test('what could not be read again is never written: that is a bug of the caller', async () => {
    const { profile } = await fresh()
    await put(profile, DATA)
    const bad = [
      { ...DATA, nextId: 1 },
      { ...DATA, nodes: [FULL, { ...FULL, id: 2 }], nextId: 3 },
      { ...DATA, more: 1 },
    ]
    for (const data of bad) await expect(put(profile, data)).rejects.toThrow('profile.json would not be readable')
    expect(await profile.read()).toEqual(DATA)
  })

  test('the state before the last change is kept beside it, and works when it is copied back', async () => {
    const { profile, file, again } = await fresh()
    await put(profile, DATA)
    await put(profile, { ...DATA, nextId: 50 })
    await put(profile, { ...DATA, nextId: 60 })
    copyFileSync(`${file}.bak`, file)
    expect((await (await again()).read()).nextId).toBe(50)
  })
})

describe('a damaged profile.json stops with the remedy', () => {
  test.each([
    ['nothing', ''],
    ['half', JSON.stringify(DATA).slice(0, 60)],
    ['no JSON', 'nodes: []'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no nodes', JSON.stringify({ schema: 1, nextId: 1, defaults: {} })],
    ['no schema', JSON.stringify({ ...DATA, schema: undefined })],
    ['an id twice', JSON.stringify({ ...DATA, nodes: [FULL, { ...FULL, name: 'mx2' }] })],
    ['a name twice', JSON.stringify({ ...DATA, nextId: 3, nodes: [FULL, { ...FULL, id: 2 }] })],
    ['an id that would be given again', JSON.stringify({ ...DATA, nextId: 1 })],
    ['a name that is none', changed({ name: '../../etc' })],
    ['a name of digits', changed({ name: '17' })],
    ['a key name that is none', changed({ key: '../id_rsa' })],
    ['a port that is none', changed({ port: 70000 })],
    ['a text where a number belongs', changed({ id: '1' })],
    ['a label that is no text', changed({ labels: { env: 1 } })],
    ['a setting of a wrong type', changed({ settings: { 'spool-writers': '8' } })],
  ])('%s', async (_, text) => {
    const error = await readRaw(text)
    expect(error.message).toMatch(/profiles\/default\/profile\.json is damaged: ./)
    expect(error.hints[0]).toMatch(/keep a copy .*profile\.json\.damaged/)
    expect(error.hints[1]).toContain('from a backup')
  })

  test('the message says where the damage is', async () => {
    expect((await readRaw(changed({ port: 'ssh' }))).message).toContain('nodes.0.port: Invalid type: Expected number')
  })

  test('the backup is named when there is one, with the command that puts it back', async () => {
    const { profile, file, again } = await fresh()
    await put(profile, DATA)
    await put(profile, { ...DATA, nextId: 50 })
    writeFileSync(file, '{')
    await expect((await again()).read()).rejects.toMatchObject({
      hints: [expect.anything(), expect.stringContaining(`cp -p ${file}.bak ${file}`) as string],
    })
  })

  test('a file that is gone while its backup is there is not taken for an empty store', async () => {
    const { profile, file, again } = await fresh()
    await put(profile, DATA)
    await put(profile, { ...DATA, nextId: 50 })
    rmSync(file)
    await expect((await again()).read()).rejects.toThrow('is gone')
    await expect(put(await again(), DATA)).rejects.toThrow(StoreError)
    rmSync(`${file}.bak`)
    expect((await (await again()).read()).nodes).toEqual([])
  })

  test('a file that came, with its backup, after a reader had looked for it is read', async () => {
    const { profile, file, again } = await fresh()
    await put(profile, DATA)
    await put(profile, { ...DATA, nextId: 50 })
    const reader = await again()
    renameSync(file, `${file}.later`)
    // The moment between the two looks of a reader, who holds no lock.
    jest.spyOn(Folder.prototype, 'has').mockImplementationOnce((name) => {
      renameSync(`${file}.later`, file)
      return name === 'profile.json.bak'
    })
    expect((await reader.read()).nextId).toBe(50)
  })

  test('a directory in its place is refused', async () => {
    const { profile, file, again } = await fresh()
    await put(profile, DATA)
    rmSync(file)
    mkdirSync(file)
    await expect((await again()).read()).rejects.toThrow('is not a regular file')
  })
})

describe('a profile.json of a newer akctl says to upgrade', () => {
  test.each([
    ['a newer schema', JSON.stringify({ schema: 2, everything: 'else' }), 'schema is newer'],
    ['an unknown key', JSON.stringify({ ...DATA, zones: [] }), 'zones'],
    ['an unknown key of a node', changed({ weight: 5 }), 'nodes.0.weight'],
    ['an unknown setting', changed({ settings: { 'new-setting': 1 } }), 'nodes.0.settings.new-setting'],
    ['an unknown setting of the defaults', JSON.stringify({ ...DATA, defaults: { 'new-setting': 1 } }), 'defaults.new-setting'],
    ['an unknown MTA', changed({ mta: 'exim' }), 'nodes.0.mta is "exim"'],
    ['an unknown access', changed({ access: 'winrm' }), 'nodes.0.access is "winrm"'],
  ])('%s', async (_, text, where) => {
    const error = await readRaw(text)
    expect(error.message).toContain(where)
    expect(error.hints[0]).toContain('upgrade akctl')
  })
})

test('reading a thousand nodes again costs no new check of them', async () => {
  const { profile, again } = await fresh()
  const nodes = Array.from({ length: 1000 }, (_, i) => ({ ...FULL, id: i + 1, name: `mx${i}` }))
  await put(profile, { ...DATA, nextId: 1001, nodes })
  const reader = await again()
  const first = await reader.read()
  expect(await reader.read()).toBe(first)
  await put(profile, { ...DATA, nextId: 1002, nodes })
  expect((await reader.read()).nextId).toBe(1002)
})
