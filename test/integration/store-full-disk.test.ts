import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { PendingOrder, Profile } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const PAGE = 4096
// Before tempDir() below asks for its own cleaning, which would find the disk in use.
afterAll(() => {
  execFileSync('umount', [disk])
})

const disk = join(tempDir(), 'disk')
const home = join(disk, 'home')
const ENTRY = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', outcome: 'ok' } as const
const opened = (): Promise<Profile> => openHome({ AKCTL_HOME: home }).open()

beforeAll(() => {
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${200 * PAGE},nr_inodes=60,mode=0700`, 'akctl-test', disk])
})

/** A profile whose file takes some pages, so that a full disk is met in the middle of it. */
async function fill(profile: Profile, text: string): Promise<void> {
  const labels = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`l${i}`, text.repeat(1000)]))
  await profile.update(() => ({
    data: {
      ...{ schema: 1, nextId: 2, defaults: {} },
      nodes: [
        {
          ...{ id: 1, name: 'mx1', host: '192.0.2.1', directory: '/srv/mta', access: 'ssh', mta: 'postfix', sudo: false },
          ...{ addresses: [], labels, settings: {}, createdAt: ENTRY.at },
        },
      ],
    },
    result: undefined,
  }))
}

const letter = async (profile: Profile): Promise<string | undefined> => (await profile.read()).nodes[0]?.labels['l0']?.slice(0, 1)

/** Leaves so many pages of 4 KiB. */
function leavePages(pages: number): void {
  const filler = join(disk, 'filler')
  rmSync(filler, { force: true })
  writeFileSync(filler, Buffer.alloc((statfsSync(disk).bfree - pages) * PAGE))
  expect(statfsSync(disk).bfree).toBe(pages)
}

const refused = (work: Promise<unknown>): Promise<StoreError | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => error as StoreError,
  )

/** Gives the disk ever more pages until a change goes through; it must fail before that, each time without a trace. */
async function widen(
  change: (profile: Profile) => Promise<unknown>,
  intact: (profile: Profile) => Promise<void>,
): Promise<number> {
  for (let pages = 0; ; pages++) {
    leavePages(pages)
    const error = await refused(change(await opened()))
    if (error === undefined) return pages
    expect([pages, error.kind, error.message]).toEqual([
      pages,
      'store',
      expect.stringMatching(new RegExp(`${home}.*no space left on the disk`)),
    ])
    expect(error.hints.join()).toContain('free some space')
    await intact(await opened())
    expect(readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new'))).toEqual([])
  }
}

test('an update fails, and the store is as it was, until there is room for the whole of it', async () => {
  await fill(await opened(), 'a')
  await fill(await opened(), 'b')
  const pages = await widen(
    (profile) => fill(profile, 'c'),
    async (profile) => expect(await letter(profile)).toBe('b'),
  )
  // The backup and the new file, some 20 kB each.
  expect(pages).toBeGreaterThan(5)
  expect(await letter(await opened())).toBe('c')
})

test('a batch of journal lines is added whole or not at all', async () => {
  leavePages(20)
  const journal = join(home, 'profiles/default/journal.ndjson')
  await (await opened()).journal.append([{ ...ENTRY, node: 'first' }])
  const before = readFileSync(journal)
  const batch = Array.from({ length: 100 }, (_, i) => ({ ...ENTRY, node: `mx${i}`, message: 'm'.repeat(200) }))
  const pages = await widen(
    (profile) => profile.journal.append(batch),
    async (profile) => {
      expect(readFileSync(journal).equals(before)).toBe(true)
      expect((await profile.journal.list({ limit: 9 })).map(({ node }) => node)).toEqual(['first'])
    },
  )
  expect(pages).toBeGreaterThan(5)
  expect(await (await opened()).journal.list({ limit: 1000 })).toHaveLength(101)
})

test('an order is put or refused before it could be sent, and the last finished ones are cleared on a full disk', async () => {
  leavePages(20)
  const { orders } = await opened()
  const order = (id: number): PendingOrder => ({ id: `o${id}`, verb: 'sync', at: ENTRY.at })
  await orders.put(1, order(1))
  leavePages(0)
  const put: number[] = [1]
  let error: StoreError | undefined
  for (let id = 2; error === undefined; id++) {
    error = await refused(orders.put(id, order(id)))
    if (error === undefined) put.push(id)
  }
  expect([put.length > 10, error.kind]).toEqual([true, 'store']) // what fits on the page that the file has already
  const all = new Map(put.map((id) => [id, order(id)]))
  expect(await orders.all()).toEqual(all)
  expect(await refused(orders.clear(new Map([[1, 'o1']])))).toMatchObject({ kind: 'store' }) // the others need room beside them
  expect(await orders.all()).toEqual(all)
  await orders.clear(new Map(put.map((id) => [id, `o${id}`])))
  expect(await orders.all()).toEqual(new Map())
})

test('a key is there whole or not at all', async () => {
  const pages = await widen(
    (profile) => profile.keys.create('k', { comment: 'full' }),
    async (profile) => expect(await profile.keys.list()).toEqual([]),
  )
  expect(pages).toBeGreaterThan(1)
  expect(execFileSync('ssh-keygen', ['-l', '-f', join(home, 'profiles/default/keys/k')], { encoding: 'utf8' })).toContain('full')
})

test('no inodes left: no profile, no key, no file is half made', async () => {
  leavePages(40)
  const names: string[] = []
  for (let i = 0; statfsSync(disk).ffree > 0; i++) {
    names.push(join(disk, `inode-${i}`))
    writeFileSync(names.at(-1)!, '')
  }
  const steps: string[] = []
  for (;;) {
    const error = await refused(openHome({ AKCTL_HOME: home }).create('second'))
    if (error === undefined) break
    steps.push(error.message)
    expect(error).toMatchObject({ kind: 'store', message: expect.stringContaining('no space left') as string })
    rmSync(names.pop()!)
  }
  expect(steps.length).toBeGreaterThan(0)
  expect((await openHome({ AKCTL_HOME: home }).list()).map(({ name }) => name)).toEqual(['default', 'second'])
})

test('a file system that became read-only is named, and reading goes on', async () => {
  execFileSync('mount', ['-o', 'remount,ro', disk])
  try {
    const error = await refused(fill(await opened(), 'd'))
    expect(error).toMatchObject({ kind: 'store', message: expect.stringContaining('read-only') as string })
    expect(error?.hints.join()).toContain('AKCTL_HOME')
    expect(await letter(await opened())).toBe('c')
  } finally {
    execFileSync('mount', ['-o', 'remount,rw', disk])
  }
  expect(statSync(join(home, 'profiles/default/profile.json')).mode & 0o777).toBe(0o600)
})
