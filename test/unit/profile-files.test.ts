import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { StoreError } from '../../src/outcome/errors.ts'
import { Folder } from '../../src/profile/folder.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { bundleDriver, Driver } from '../support/store.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }
const ENTRY = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', outcome: 'ok' } as const
const PRINT = { endpoint: 'a:22', kind: 'ssh', added: ENTRY.at, by: ENTRY.by, source: 'flag' } as const

/** A home with one of everything in its default profile. */
async function filled(): Promise<{ home: string; at: (name: string) => string; again: () => Promise<Profile> }> {
  const home = join(root, `h${count.n++}`)
  const again = (): Promise<Profile> => openHome({ AKCTL_HOME: home }).open()
  const profile = await again()
  await edit(profile)
  await edit(profile)
  await profile.keys.create('k', { comment: '' })
  await profile.trust.add([{ ...PRINT, fingerprint: `SHA256:${'A'.repeat(43)}` }])
  await profile.journal.append([ENTRY])
  await profile.orders.put(1, { id: 'o', verb: 'sync', at: ENTRY.at })
  await openHome({ AKCTL_HOME: home }).use('default')
  return { home, at: (name) => join(home, 'profiles/default', name), again }
}

const edit = (profile: Profile): Promise<void> =>
  profile.update((data) => ({ data: { ...data, nextId: data.nextId + 1 }, result: undefined }))

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('every directory is 0700 and every file 0600, whatever the umask', async () => {
  const umask = process.umask(0)
  try {
    const { home } = await filled()
    const all = readdirSync(home, { recursive: true, encoding: 'utf8', withFileTypes: true })
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'config.json',
        'profile.json',
        'trust.json',
        'journal.ndjson',
        'k',
        'k.pub',
        'notes.ndjson',
        '.lock',
      ]),
    )
    for (const entry of all)
      expect([entry.name, mode(join(entry.parentPath, entry.name))]).toEqual([entry.name, entry.isDirectory() ? '700' : '600'])
    expect(mode(home)).toBe('700')
  } finally {
    process.umask(umask)
  }
})

describe('what somebody else could have changed is refused', () => {
  test.each(['profile.json', 'trust.json', 'journal.ndjson', 'orders/notes.ndjson', 'keys/k'])(
    '%s writable by the group',
    async (name) => {
      const { at, again } = await filled()
      chmodSync(at(name), 0o660)
      await expect(all(await again())).rejects.toThrow(StoreError)
      await expect(all(await again())).rejects.toMatchObject({
        message: expect.stringContaining(`${at(name)} `) as string,
        hints: [expect.stringContaining(`chmod 600 ${at(name)}`) as string],
      })
      chmodSync(at(name), 0o600)
      await all(await again())
    },
  )

  test.each(['', 'keys', 'orders'])('the directory %j writable by others', async (name) => {
    const { at, again } = await filled()
    chmodSync(at(name), 0o777)
    await expect(all(await again())).rejects.toThrow('can be written by other users (mode 0777)')
    await expect(edit(await again()).then(async () => all(await again()))).rejects.toThrow(StoreError)
  })

  test.each(['profile.json', 'trust.json', 'journal.ndjson', 'orders/notes.ndjson', 'keys/k', 'keys', ''])(
    '%j of another user',
    async (name) => {
      const { at, again } = await filled()
      chownSync(at(name), 65534, 65534)
      await expect(all(await again())).rejects.toThrow('belongs to the user with uid 65534, and akctl runs as uid 0')
    },
  )

  test.each(['profile.json', 'trust.json', 'journal.ndjson', 'orders/notes.ndjson', 'keys/k', 'keys', ''])(
    '%j that is a link',
    async (name) => {
      const { at, again } = await filled()
      const elsewhere = join(root, `elsewhere${count.n++}`)
      renameSync(at(name), elsewhere)
      symlinkSync(elsewhere, at(name))
      await expect(all(await again())).rejects.toThrow(/is a symbolic link|is not a directory/)
    },
  )

  test('a pipe in place of a file is refused, not waited for', async () => {
    const { at, again } = await filled()
    rmSync(at('profile.json'))
    execFileSync('mkfifo', ['-m', '600', at('profile.json')])
    await expect((await again()).read()).rejects.toThrow('is not a regular file')
  })
})

/** Reads everything there is. */
async function all(profile: Profile): Promise<void> {
  await profile.read()
  for (const name of await profile.keys.names()) await profile.keys.get(name)
  await profile.trust.list()
  await profile.journal.list({ limit: 1 })
  await profile.orders.get(1)
}

test('a key file that others may read is refused as ssh refuses it', async () => {
  const { at, again } = await filled()
  chmodSync(at('keys/k'), 0o640)
  await expect((await again()).keys.privateKey('k')).rejects.toThrow(`${at('keys/k')} is open to other users (mode 0640)`)
  chmodSync(at('profile.json'), 0o644)
  expect((await (await again()).read()).nextId).toBe(3)
})

test('directories that others may read are closed by the next writer; a shared home of the user stays as it is', async () => {
  const { home, at, again } = await filled()
  for (const path of [home, join(home, 'profiles'), at('')]) chmodSync(path, 0o755)
  chmodSync(at('profile.json'), 0o644)
  await edit(await again())
  expect([home, join(home, 'profiles'), at(''), at('profile.json')].map(mode)).toEqual(['755', '700', '700', '600'])
})

describe('the name of an unfinished file', () => {
  const random = 'f'.repeat(32)
  const place = (): { folder: Folder; at: (name: string) => string; victim: string } => {
    const path = join(root, `f${count.n++}`)
    mkdirSync(path, { mode: 0o700 })
    const victim = join(root, `victim${count.n++}`)
    writeFileSync(victim, 'precious')
    const folder = new Folder(path, { timeout: 5, random: () => Promise.resolve(random) })
    return { folder, at: (name) => join(path, name), victim }
  }

  test('is never followed when somebody foresaw it and put a link there while the writer was at work', async () => {
    const { folder, at, victim } = place()
    const write = folder.exclusive(async (writer) => {
      symlinkSync(victim, at(`.x.${random}.new`))
      await writer.write('x', Buffer.from('new'))
    })
    await expect(write).rejects.toThrow('something is there already')
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(existsSync(at('x'))).toBe(false)
  })

  test('left by a crash, is cleaned by the next writer: a link goes, what it points to stays', async () => {
    const { folder, at, victim } = place()
    symlinkSync(victim, at(`.x.${random}.new`))
    linkSync(victim, at(`.y.${'0'.repeat(32)}.new`))
    writeFileSync(at('.other.new'), 'not ours')
    await folder.exclusive((writer) => writer.write('x', Buffer.from('new')))
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(readdirSync(at('')).sort()).toEqual(['.lock', '.lock-queue', '.other.new', 'x'])
  })

  test('is another one each time', async () => {
    const path = join(root, `f${count.n++}`)
    mkdirSync(path, { mode: 0o700 })
    const made: string[] = []
    const folder = new Folder(path, { timeout: 5 })
    const names = async (): Promise<void> => {
      await folder.exclusive(async (writer) => {
        mkdirSync(join(path, 'x'), { recursive: true })
        writeFileSync(join(path, 'x', 'full'), '')
        await writer.write('x', Buffer.from('a')).catch((error: unknown) => made.push(String((error as StoreError).cause)))
      })
    }
    await names()
    await names()
    const [first, second] = made.map((text) => /\.x\.([0-9a-f]{32})\.new/.exec(text)?.[1])
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).not.toBe(first)
    expect(readdirSync(path).sort()).toEqual(['.lock', '.lock-queue', 'x'])
  })
})

test('a lock file that is a link is not followed', async () => {
  const { at, again } = await filled()
  rmSync(at('.lock'))
  symlinkSync(join(root, 'lock-elsewhere'), at('.lock'))
  await expect(edit(await again())).rejects.toThrow('it is a symbolic link, which the store does not follow')
  expect(existsSync(join(root, 'lock-elsewhere'))).toBe(false)
})

describe('as a user without rights', () => {
  const at: { script?: string } = {}
  beforeAll(async () => {
    chmodSync(root, 0o755)
    at.script = await bundleDriver(root)
  })

  const asNobody = async (home: string): Promise<{ end: number | string; error: { message: string; hints: string[] } }> => {
    const driver = new Driver(at.script!, home, ['node', 'mx1'], {}, 65534)
    return { end: await driver.end(), error: JSON.parse(driver.lines[0] ?? '{}') as { message: string; hints: string[] } }
  }

  test("a directory that can't be written says so, and names AKCTL_HOME", async () => {
    const parent = join(root, 'closed')
    mkdirSync(parent, { mode: 0o755 })
    const { end, error } = await asNobody(join(parent, 'home'))
    expect([end, error.message]).toEqual([1, expect.stringContaining(`${join(parent, 'home')}: permission denied`)])
    expect(error.hints.join()).toContain('AKCTL_HOME')
  })

  test('a profile directory that is read-only says so, and keeps its content', async () => {
    const home = join(root, 'readonly')
    await edit(await openHome({ AKCTL_HOME: home }).open())
    for (const name of ['', 'profiles', 'profiles/default']) chmodSync(join(home, name), 0o755)
    chmodSync(join(home, 'profiles/default/profile.json'), 0o644)
    const { end, error } = await asNobody(home)
    expect([end, error.message]).toEqual([1, expect.stringContaining('permission denied')])
    expect((await (await openHome({ AKCTL_HOME: home }).open()).read()).nextId).toBe(2)
  })

  test("another user's home is refused by name, not by an errno", async () => {
    const home = join(root, 'theirs')
    mkdirSync(home, { mode: 0o755 })
    chownSync(home, 1234, 1234)
    const { end, error } = await asNobody(home)
    expect([end, error.message]).toEqual([1, `${home} belongs to the user with uid 1234, and akctl runs as uid 65534`])
  })
})
