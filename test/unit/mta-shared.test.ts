// The shared scripts with a toy MTA: they are the same for every MTA, and must run in every sh.
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Host } from '../../src/connection/host.ts'
import type { Settings } from '../../src/node/settings.ts'
import { syncedOf } from '../../src/node/state.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { daemons, loaded, toy, toyFolder, toyNode } from '../support/toy.ts'
import { WrappedHost } from '../support/wrapped-host.ts'

const folder = toyFolder()
const applets = mkdtempSync(join(tmpdir(), 'akctl-applets-'))
afterAll(() => execFileSync('rm', ['-rf', applets]))

let made = 0
function place(): string {
  made += 1
  return join(folder, `t${made}`)
}

/** The same node, for whose MTA nobody waits longer than 5 s: one that gets well does so in a fraction of it, on a busy machine too. */
function impatient({ installation }: LocalNode): LocalNode {
  return new LocalNode({ ...toy, functions: `RUN_WAIT=5\n${toy.functions}` }, installation)
}

/** Settings of the toy are whatever text is given; these names are real ones, as records are read back. */
const one = { 'spool-readers': 1 }
const two = { 'spool-readers': 2 }

describe.each([
  ['dash', ['dash', '-c']],
  ['busybox sh', ['busybox', 'sh', '-c']],
  ['busybox sh with its own tools alone', ['env', `PATH=${applets}`, '/usr/bin/busybox', 'sh', '-c']],
] as const)('under %s', (name, shell) => {
  beforeAll(() => {
    if (!existsSync(join(applets, 'sh'))) execFileSync('busybox', ['--install', '-s', applets])
  })

  test('the whole story of a node', async () => {
    const host: Host = new WrappedHost(name, shell)
    const node = await toyNode(place(), host)
    const { connection, directory } = node
    const { pid } = await connection.start(newOrder())
    expect(daemons(directory)).toEqual([pid])
    const took = async (settings: Settings): Promise<unknown> => (await connection.preview({ settings })).took
    expect([await took({}), await took(one)]).toEqual(['none', 'reload'])
    expect(await connection.sync(newSync({ settings: one, expect: 'none' }))).toMatchObject({ took: 'reload', revision: 1 })
    expect(loaded(directory)).toBe('base\nspool-readers\t1\n')
    expect(await connection.sync(newSync({ settings: one, expect: 1 }))).toMatchObject({ wrote: false, took: 'none' })
    appendFileSync(join(directory, 'akctl/current/conf/value'), 'by hand\n')
    expect(await connection.status()).toMatchObject({ edited: ['value'], running: true, loaded: 1, pid })
    const [diff] = await connection.diff(two)
    expect(diff).toMatchObject({ file: 'value', cause: 'edited' })
    expect(diff?.diff).toContain('-by hand')
    expect(await took(two)).toBe('restart')
    expect(await connection.sync(newSync({ settings: two }))).toMatchObject({ took: 'restart', replaced: ['value'] })
    expect(loaded(directory)).toBe('base\nspool-readers\t2\n')
    const back = await connection.preview({ to: 'before' })
    expect(back).toMatchObject({ took: 'reload', record: { revision: 1, settings: one }, files: [{ file: 'value' }] })
    expect(back.files[0]?.diff).toMatch(/-spool-readers\t2\n\+spool-readers\t1\n/)
    await expect(connection.preview({ to: 7 })).rejects.toThrow(/can't go back to revision 7; it has 0 1 \(and is at 2\)/)
    expect(await connection.rollback(newOrder(), 1)).toMatchObject({ revision: 3, took: 'reload' })
    expect(loaded(directory)).toBe('base\nspool-readers\t1\n')
    expect(await connection.interfaces()).toContainEqual(expect.objectContaining({ address: '127.0.0.1' }))
    const order = newSync({ settings: two, restart: false })
    await connection.sync(order)
    expect(await connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed', revision: 4 })
    expect(syncedOf(await connection.status(), two)).toBe('reload')
    expect(await connection.preview({ settings: two })).toEqual({ files: [], took: 'reload' })
    await connection.restart(newOrder())
    expect(loaded(directory)).toBe('base\nspool-readers\t2\n')
    expect(await connection.stop(newOrder())).toMatchObject({ did: true })
    expect(daemons(directory)).toEqual([])
  }, 240_000)
})

test('a start that fails tells what the MTA has logged of it, and nothing older', async () => {
  const node = await toyNode(place())
  await node.connection.start(newOrder())
  await node.connection.stop(newOrder())
  await node.connection.sync(newSync({ settings: { 'smtp-admin-email': 'sick@example.com' } }))
  const quick = impatient(node)
  const detail = ['took in base', 'smtp-admin-email\tsick@example.com']
  await expect(quick.connection.start(newOrder())).rejects.toMatchObject({ outcome: 'failed', detail })
  // Where the process was not touched, its log explains nothing.
  const refused = newSync({ settings: { 'smtp-admin-email': 'refuse@example.com' } })
  await expect(node.connection.sync(refused)).rejects.toMatchObject({ detail: [] })
})

describe('a sync', () => {
  test('of settings that change no file: a revision, and nothing to take in', async () => {
    const node = await toyNode(place())
    const still = new LocalNode({ ...toy, edits: () => [] }, node.installation)
    const { pid } = await still.connection.start(newOrder())
    expect(await still.connection.sync(newSync({ settings: one }))).toMatchObject({ wrote: true, took: 'none' })
    const state = await still.connection.status()
    expect(syncedOf(state, one)).toBe('yes')
    expect(state).toMatchObject({ pid, loaded: 1 })
  })

  test('of a stopped MTA writes, and starts nothing; whoever starts it starts the new one', async () => {
    const node = await toyNode(place())
    expect(await node.connection.sync(newSync({ settings: one }))).toMatchObject({ running: false, took: 'none' })
    expect(readlinkSync(join(node.directory, 'akctl/live'))).toBe('revisions/1')
    expect(daemons(node.directory)).toEqual([])
  })

  test('that the MTA would refuse changes nothing and says why', async () => {
    const node = await toyNode(place())
    const refused = newSync({ settings: { 'smtp-admin-email': 'refuse@example.com' } })
    await expect(node.connection.sync(refused)).rejects.toThrow(/the toy refuses this/)
    expect(node.currentRevision()).toBe(0)
    expect(readdirSync(join(node.directory, 'akctl/revisions'))).toEqual(['0'])
    expect(await node.connection.order(refused.id)).toMatchObject({ state: 'done', outcome: 'failed', revision: 0 })
  })

  test('whose revision is left behind and unhealthy goes back to what ran, not to what was never loaded', async () => {
    const node = await toyNode(place())
    await node.connection.start(newOrder())
    await node.connection.sync(newSync({ settings: one }))
    const sick = { 'smtp-admin-email': 'sick@example.com' }
    await node.connection.sync(newSync({ settings: sick, restart: false }))
    const quick = impatient(node)
    await expect(quick.connection.sync(newSync({ settings: sick }))).rejects.toThrow(/back at revision 1, and the MTA runs again/)
    expect(loaded(node.directory)).toBe('base\nspool-readers\t1\n')
    expect(node.currentRevision()).toBe(1)
    expect(await node.connection.status()).toMatchObject({ loaded: 1, record: { revision: 1, settings: one } })
    await expect(node.connection.rollback(newOrder(), 2)).rejects.toThrow(/can't go back to revision 2; it has 0/)
    expect(await node.connection.sync(newSync({ settings: two }))).toMatchObject({ revision: 3 })
  })

  test('keeps ten revisions, and the one that the process reads', async () => {
    const node = await toyNode(place())
    await node.connection.start(newOrder())
    await node.connection.sync(newSync({ settings: one }))
    for (let n = 2; n < 15; n += 1) await node.connection.sync(newSync({ settings: { 'spool-readers': n }, restart: false }))
    const kept = readdirSync(join(node.directory, 'akctl/revisions'))
      .map(Number)
      .sort((a, b) => a - b)
    expect(kept).toEqual([1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
    expect(loaded(node.directory)).toBe('base\nspool-readers\t1\n')
    expect(await node.connection.status()).toMatchObject({ loaded: 1, record: { revision: 14 } })
  }, 240_000)
})

describe('names and texts of every kind', () => {
  const names = [
    'two words',
    "it's",
    '"quoted"',
    '$(touch oops)',
    '-n',
    '*',
    'back\\slash',
    'tab\there',
    'ünï',
    '.hidden',
    'new\nline',
  ]

  test('in the base: rendered, summed, and found when edited', async () => {
    const node = await toyNode(place())
    const base = join(node.directory, 'base')
    mkdirSync(join(base, 'sub dir'))
    for (const name of names) writeFileSync(join(base, 'sub dir', name), name)
    symlinkSync('sub dir/*', join(base, 'link'))
    await node.connection.sync(newSync({ settings: one }))
    expect(await node.connection.status()).toMatchObject({ edited: [] })
    const conf = join(node.directory, 'akctl/current/conf')
    for (const name of names) {
      expect(readFileSync(join(conf, 'sub dir', name), 'utf8')).toBe(name)
      appendFileSync(join(conf, 'sub dir', name), ' edited')
    }
    execFileSync('ln', ['-sfn', 'elsewhere', join(conf, 'link')])
    const { edited } = await node.connection.status()
    expect(edited).toHaveLength(names.length + 1)
    for (const name of ['link', 'sub dir/two words', "sub dir/it's", 'sub dir/$(touch oops)', 'sub dir/-n', 'sub dir/*']) {
      expect(edited).toContain(name)
    }
    expect(await node.connection.diff(one)).toHaveLength(names.length + 1)
    const { replaced } = await node.connection.sync(newSync({ settings: one }))
    expect(replaced).toEqual(edited)
    expect(await node.connection.status()).toMatchObject({ edited: [] })
    expect(existsSync(join(node.directory, 'oops')) || existsSync(join(conf, 'oops'))).toBe(false)
  })

  test('in an order: the record holds them as they are', async () => {
    const node = await toyNode(place())
    const reason = `"quotes", \\back\\, $(id), %s, {braces}, "schema":9, 'single', ünï & <tags>\n\u0001`
    const settings = { 'fbl-header-name': 'X-}{"\\$&' }
    await node.connection.sync(newSync({ settings, reason, by: 'o"p@h' }))
    expect((await node.connection.status()).record).toMatchObject({ reason, by: 'o"p@h', settings, schema: 1, revision: 1 })
    expect(await node.connection.sync(newSync({ settings, expect: 1 }))).toMatchObject({ wrote: false })
  })

  test('a directory of such a name, and what install ships', async () => {
    const directory = join(folder, `it's a "$(touch oops)" * dir`)
    const node = new LocalNode(toy, { directory, addresses: [] })
    const archive = gzipSync(Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251)))
    await node.install({ listen: '127.0.0.1:0', hostname: 'x' }, archive)
    expect(readFileSync(join(directory, 'shipped')).equals(archive)).toBe(true)
    expect(readdirSync(join(directory, 'akctl')).filter((name) => name.startsWith('.'))).toEqual([])
    const { pid } = await node.connection.start(newOrder())
    expect(daemons(directory)).toEqual([pid])
    expect(existsSync('oops')).toBe(false)
    await node.connection.stop(newOrder())
  })
})

test('a start after which the MTA is not well tells that it runs all the same, and leaves it; the next one ends it', async () => {
  const node = await toyNode(place())
  const value = join(node.directory, 'akctl/live/conf/value')
  writeFileSync(value, 'sick\n')
  const failure = await impatient(node)
    .connection.start(newOrder())
    .catch((error: unknown) => String(error))
  const [pid] = daemons(node.directory)
  expect(failure).toContain(`the MTA was started and runs (pid ${pid}), but did not get well within 5 s; it was left running`)
  writeFileSync(value, 'well\n')
  const again = await node.connection.start(newOrder())
  expect(again.did).toBe(true)
  expect(again.pid).not.toBe(pid)
  expect(daemons(node.directory)).toEqual([again.pid])
  expect(loaded(node.directory)).toBe('well\n')
})

test('counting a queue ends at a bound, whatever there is', async () => {
  const node = await toyNode(place())
  const withQueue = (messages: string): LocalNode =>
    new LocalNode({ ...toy, functions: `${toy.functions}\nmta_messages() { exec ${messages}; }` }, node.installation)
  const queue = async (messages: string): Promise<unknown> => (await withQueue(messages).connection.status()).queue
  expect(await queue('seq 10000')).toEqual({ messages: 10_000, capped: false })
  expect(await queue('seq 10001')).toEqual({ messages: 10_000, capped: true })
  expect(await queue('yes')).toEqual({ messages: 10_000, capped: true }) // it has no end of its own
})

test('a diff of large files fits the answer and says that it is cut off', async () => {
  const node = await toyNode(place())
  for (const name of ['a', 'b', 'c']) writeFileSync(join(node.directory, 'base', name), 'x\n'.repeat(200_000))
  const diffs = await node.connection.diff(one)
  expect(diffs.map(({ file, cause }) => `${file} ${cause}`)).toEqual(['a base', 'b base', 'c base', 'value pending'])
  expect(diffs.reduce((sum, { diff }) => sum + diff.length, 0)).toBeLessThan(600_000)
  expect(diffs[2]?.diff).toContain('(cut off here)')
})

test('a damaged record is named, and taking over puts it right', async () => {
  const node = await toyNode(place())
  await node.connection.sync(newSync({ settings: one }))
  writeFileSync(join(node.directory, 'akctl/current/send-module.json'), '{"revision":')
  await expect(node.connection.status()).rejects.toThrow(/send-module\.json on the node is damaged/)
  await expect(node.connection.status()).rejects.toBeInstanceOf(FailedError)
  await node.connection.sync(newSync({ settings: two }))
  expect((await node.connection.status()).record).toMatchObject({ revision: 2, settings: two })
})

test('a record whose texts are too long is read all the same: they are cut', async () => {
  const node = await toyNode(place())
  await node.connection.sync(newSync({ settings: one }))
  const record = JSON.parse(node.read('akctl/current/send-module.json')) as object
  const file = join(node.directory, 'akctl/current/send-module.json')
  writeFileSync(file, JSON.stringify({ ...record, reason: 'r'.repeat(5000), by: 'b'.repeat(5000), at: '2026'.repeat(50) }))
  expect((await node.connection.status()).record).toMatchObject({ revision: 1, settings: one, reason: 'r'.repeat(1024) })
})
