import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { LockedError, NotFoundError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { bundleDriver, Driver } from '../support/store.ts'
import { tempDir } from '../support/temp.ts'

const directory = tempDir()
const at: { script?: string } = {}
const ENTRY = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', outcome: 'ok' } as const

beforeAll(async () => {
  at.script = await bundleDriver(directory)
})

const started = (home: string, ...argv: string[]): Driver => new Driver(at.script!, home, argv)
const waitUntil = async (seen: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000
  while (!(await seen())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
const opened = (home: string, env: Readonly<Record<string, string>> = {}): Promise<Profile> =>
  openHome({ AKCTL_HOME: home, ...env }).open()

/** A writer that sits on the profile's lock. */
async function holder(home: string, name = 'default'): Promise<Driver> {
  const driver = new Driver(at.script!, home, ['hold'], { AKCTL_PROFILE: name })
  expect(await driver.line()).toBe('held')
  return driver
}

test.each([
  [2, 200],
  [8, 50],
])(
  '%i processes with %i edits each: nothing is lost, nothing is torn',
  async (processes, edits) => {
    const home = join(directory, `${processes}x${edits}`)
    // Patience, as this is about what is lost, and other tests keep the machine busy.
    const patient = { AKCTL_STORE_TIMEOUT: '120' }
    const drivers = Array.from(
      { length: processes },
      (_, i) => new Driver(at.script!, home, ['nodes', `${edits}:p${i}`], patient),
    )
    const profile = await opened(home)
    const lengths: number[] = []
    const all = Promise.all(drivers.map((driver) => driver.end()))
    const running = { value: true }
    void all.finally(() => (running.value = false))
    // A reader without a lock sees whole states only, and never an older one after a newer one.
    while (running.value) {
      lengths.push((await profile.read()).nodes.length)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await all).toEqual(drivers.map(() => 0))
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
    const { nodes, nextId } = await profile.read()
    const wanted = drivers.flatMap((_, i) => Array.from({ length: edits }, (__, k) => `p${i}-${k}`))
    expect(nodes.map(({ name }) => name).sort()).toEqual(wanted.sort())
    expect(nodes.map(({ id }) => id)).toEqual(Array.from({ length: processes * edits }, (_, i) => i + 1))
    expect(nextId).toBe(processes * edits + 1)
  },
  180_000,
)

test('a writer gets its turn beside one that never pauses', async () => {
  const home = join(directory, 'fair')
  const busy = started(home, 'nodes', '5000:a')
  const profile = await opened(home, { AKCTL_STORE_TIMEOUT: '60' })
  const size = async (): Promise<number> => (await profile.read()).nodes.length
  await waitUntil(() => existsSync(join(home, 'profiles/default/profile.json')))
  const passed: number[] = []
  for (let i = 0; i < 21; i++) {
    const seen = await size()
    // Only a busy one counts: on a machine that is busy itself it may be asleep.
    await waitUntil(async () => (await size()) > seen)
    const before = await size()
    passed.push((await profile.update((data) => ({ data, result: data.nodes.length }))) - before)
  }
  busy.child.kill('SIGKILL')
  await busy.end()
  // The other one may be at it, and once more before we stand in the queue; the median, as the machine may be busy, too.
  expect(passed.sort((a, b) => a - b)[10]).toBeLessThanOrEqual(3)
})

test('updates within one process queue up, and each sees the one before', async () => {
  const home = join(directory, 'one')
  const profile = await opened(home)
  const other = await opened(home)
  const edit = (by: Profile) => by.update((data) => ({ data: { ...data, nextId: data.nextId + 1 }, result: data.nextId }))
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => edit(i % 2 === 0 ? profile : other)))
  expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
})

test('appends, orders and keys of several processes at once are all there', async () => {
  const home = join(directory, 'mixed')
  const words = ['a', 'b', 'c', 'd', 'e', 'f']
  const ends = words.flatMap((word) => [started(home, 'journal', word).end(), started(home, 'key', word).end()])
  expect(new Set(await Promise.all(ends))).toEqual(new Set([0]))
  const profile = await opened(home)
  expect((await profile.journal.list({ limit: 99 })).map(({ node }) => node).sort()).toEqual(words)
  expect((await profile.keys.list()).map(({ name }) => name)).toEqual(words)
})

describe('while another process holds the lock', () => {
  const home = join(directory, 'held')

  test('a writer waits AKCTL_STORE_TIMEOUT seconds, then names the lock file and the holder; reading goes on', async () => {
    const driver = await holder(home)
    const profile = await opened(home, { AKCTL_STORE_TIMEOUT: '0.4' })
    const from = Date.now()
    const error: unknown = await profile.trust.remove('x:22').catch((thrown: unknown) => thrown)
    const waited = Date.now() - from
    expect(error).toBeInstanceOf(LockedError)
    expect(error).toMatchObject({ exit: 8, message: expect.stringContaining(join(home, 'profiles/default/.lock')) as string })
    expect((error as Error).message).toContain(`pid ${driver.child.pid}`)
    expect(waited).toBeGreaterThanOrEqual(400)
    expect(waited).toBeLessThan(5000)
    expect((await profile.read()).nodes).toEqual([])
    driver.child.kill('SIGKILL')
    await driver.end()
  })

  test('its death by kill -9 frees the lock at once, though the lock file stays', async () => {
    const driver = await holder(home)
    const profile = await opened(home, { AKCTL_STORE_TIMEOUT: '20' })
    const waiting = profile.journal.append([{ ...ENTRY, node: 'after' }])
    driver.child.kill('SIGKILL')
    await waiting
    expect(await driver.end()).toBe('SIGKILL')
    expect((await profile.journal.list({ limit: 1 }))[0]?.node).toBe('after')
    expect(readFileSync(join(home, 'profiles/default/.lock'), 'utf8')).toContain(`pid ${process.pid}`)
  })

  test('orders are not held up by an update', async () => {
    const driver = await holder(home)
    const profile = await opened(home, { AKCTL_STORE_TIMEOUT: '0' })
    await profile.orders.put(7, { id: 'o', verb: 'sync', at: ENTRY.at })
    expect((await profile.orders.get(7))?.id).toBe('o')
    driver.child.kill('SIGKILL')
    await driver.end()
  })
})

test('a profile that is deleted under a waiting writer stays deleted', async () => {
  const root = join(directory, 'deleted')
  mkdirSync(root)
  const home = openHome({ AKCTL_HOME: root })
  await home.create('doomed')
  const profile = await home.open('doomed')
  await profile.update((data) => ({ data: { ...data, nextId: 2 }, result: undefined }))
  await home.delete('doomed')
  for (const late of [
    () => profile.update((data) => ({ data, result: undefined })),
    () => profile.journal.append([ENTRY]),
    () => profile.orders.put(1, { id: 'o', verb: 'sync', at: ENTRY.at }),
    () => profile.keys.create('k', { comment: '' }),
    () => profile.read(),
  ]) {
    await expect(late()).rejects.toThrow(NotFoundError)
  }
  expect((await home.list()).map(({ name }) => name)).toEqual(['default'])
})

test('a writer that waited while its profile was deleted and made anew works on the new one, under its lock', async () => {
  const root = join(directory, 'anew')
  const home = openHome({ AKCTL_HOME: root, AKCTL_STORE_TIMEOUT: '30' })
  const lock = join(root, 'profiles/again/.lock')
  await home.create('again')
  const driver = await holder(root, 'again')
  const profile = await home.open('again')
  const waiting = profile.update((data) => ({ data: { ...data, nextId: 7 }, result: undefined }))
  // Waiting means: the lock file is open here, and another one's.
  const links = (): string[] => readdirSync('/proc/self/fd').map((fd) => link(`/proc/self/fd/${fd}`))
  await waitUntil(() => links().includes(lock))
  await home.delete('again')
  await home.create('again')
  driver.child.kill('SIGKILL')
  await waiting
  expect((await (await home.open('again')).read()).nextId).toBe(7)
  expect(readFileSync(lock, 'utf8')).toContain(`pid ${process.pid}`)
})

/** Where a link points to, or nothing: descriptors come and go. */
function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
