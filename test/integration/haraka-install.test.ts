import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { type HarakaProbe, harakaProbe } from '../../src/mta/haraka/probe.ts'
import { HarakaArchives } from '../../src/operations/payload/haraka-archive.ts'
import { harakaArchive, harakaCache, harakaPids } from '../support/haraka.ts'
import { LocalNode, newOrder } from '../support/local-node.ts'
import { freePort } from '../support/ports.ts'
import { sendMail, Sink } from '../support/sink.ts'
import { tempDir } from '../support/temp.ts'
import { Namespace, WrappedHost } from '../support/wrapped-host.ts'

const folder = tempDir()
chmodSync(folder, 0o755)
const directories: string[] = []

afterAll(() => {
  for (const directory of directories) for (const pid of harakaPids(directory)) process.kill(pid, 'SIGKILL')
})

function bareNode(host?: WrappedHost): LocalNode {
  const directory = mkdtempSync(join(folder, 'mx-'))
  chmodSync(directory, 0o755)
  directories.push(directory)
  return new LocalNode(haraka, { directory, addresses: [] }, host)
}

const options = async (): Promise<{ listen: string; hostname: string }> => ({
  listen: `127.0.0.1:${await freePort()}`,
  hostname: 'mx.example.com',
})

const probe = (node: LocalNode): Promise<HarakaProbe> => runScript(node.host, harakaProbe(node.installation), { timeout: 30 })

const versions = (node: LocalNode): readonly string[] => readdirSync(join(node.directory, 'versions')).sort()

/** Seconds since a link was made. */

/** The same archive with another id, and so another version. */
function another(archive: Uint8Array, id: string): Buffer {
  const temp = mkdtempSync(join(folder, 'archive-'))
  execFileSync('tar', ['-xzf', '-', '-C', temp], { input: archive })
  writeFileSync(join(temp, 'mta/id'), `${id}\n`)
  return execFileSync('tar', ['-czf', '-', '-C', temp, '.'], { maxBuffer: 2 ** 26 })
}

describe('on a machine with Node.js', () => {
  const node = bareNode()

  test('the first installation: programs, a base that lets this machine alone send, and nothing that runs', async () => {
    const told = await options()
    expect(await probe(node)).toMatchObject({ glibc: true, nodeVersion: process.version })
    expect((await probe(node)).installed).toBeUndefined()
    expect(await node.install(told, await harakaArchive())).toMatchObject({ made: true, revision: 0, version: '3.3.4' })
    expect((await probe(node)).installed).toBe(node.read('mta/id').trim())
    expect(readlinkSync(join(node.directory, 'mta'))).toBe(`versions/${node.read('mta/id').trim()}`)
    expect(node.read('base/config/smtp.ini')).toContain(`\nlisten=${told.listen}\n`)
    expect(node.read('base/config/me')).toBe('mx.example.com\n')
    expect(node.read('base/config/relay_acl_allow')).toBe('127.0.0.0/8\n::1/128\n')
    expect(statSync(join(node.directory, 'base/config/internalcmd_key')).mode & 0o077).toBe(0)
    expect(existsSync(join(node.directory, 'runtime'))).toBe(false)
    expect(readdirSync(node.directory).filter((name) => name.startsWith('.'))).toEqual([])
    expect(harakaPids(node.directory)).toEqual([])
  }, 60_000)

  test('one that is sent nothing leaves all as it is; without programs it says so', async () => {
    appendFileSync(join(node.directory, 'base/config/smtp.ini'), '; mine\n')
    const [before, key] = [versions(node), node.read('base/config/internalcmd_key')]
    expect(await node.install(await options())).toMatchObject({ made: false, revision: 0 })
    expect(node.read('base/config/smtp.ini')).toMatch(/; mine\n$/)
    expect(node.read('base/config/internalcmd_key')).toBe(key)
    expect(versions(node)).toEqual(before)
    await expect(bareNode().install(await options())).rejects.toThrow(/Haraka is not in .*mta, and none was sent/)
  }, 60_000)

  test('a newer one takes the place at once; what runs keeps its files, and two versions stay', async () => {
    const first = node.read('mta/id').trim()
    await node.connection.start(newOrder())
    const [pid] = harakaPids(node.directory)
    const archive = await harakaArchive()
    for (const id of ['second', 'third']) {
      await node.install(await options(), another(archive, id))
      expect(readlinkSync(join(node.directory, 'mta'))).toBe(`versions/${id}`)
    }
    expect(versions(node)).toEqual([first, 'second', 'third'].sort())
    expect(harakaPids(node.directory)).toEqual([pid])
    await node.connection.stop(newOrder())
    await node.install(await options(), another(archive, 'fourth'))
    expect(versions(node)).toEqual(['fourth', 'third'])
    expect((await node.connection.start(newOrder())).pid).toBe(harakaPids(node.directory)[0])
    await node.connection.stop(newOrder())
  }, 120_000)

  test('unpacked over a node, older ones go at the next start of its agent; not what runs, nor the one before', async () => {
    /** What tar does with the archive of an HTTPS node, and then the agent at its start. */
    const unpack = async (id: string): Promise<void> => {
      execFileSync('cp', ['-r', join(node.directory, 'versions/fourth'), join(node.directory, 'versions', id)])
      execFileSync('ln', ['-sfn', `versions/${id}`, join(node.directory, 'mta')])
      execFileSync('touch', ['-h', '-d', '@0', join(node.directory, 'mta')])
      await node.install(await options())
    }
    await node.connection.start(newOrder())
    const [pid] = harakaPids(node.directory)
    expect(node.read('run/haraka.program')).toBe(`${pid} versions/fourth\n`)
    for (const id of ['fifth', 'sixth', 'seventh']) await unpack(id)
    expect(versions(node)).toEqual(['fourth', 'seventh', 'sixth'])
    rmSync(join(node.directory, 'run/haraka.program')) // what runs can't be told
    await unpack('eighth')
    expect(versions(node)).toEqual(['eighth', 'fourth', 'seventh', 'sixth'])
    expect(harakaPids(node.directory)).toEqual([pid])
    await node.connection.restart(newOrder())
    expect(node.read('run/haraka.program')).toMatch(/ versions\/eighth\n$/)
    await node.install(await options())
    expect(versions(node)).toEqual(['eighth', 'seventh'])
    await node.connection.stop(newOrder())
  }, 120_000)

  test('an archive that is cut, or no archive, changes nothing', async () => {
    const archive = Buffer.from(await harakaArchive())
    const before = [readlinkSync(join(node.directory, 'mta')), versions(node)]
    await expect(node.install(await options(), archive.subarray(0, 100_000))).rejects.toThrow(/could not be unpacked/)
    await expect(node.install(await options(), Buffer.from('no archive'))).rejects.toThrow(/could not be unpacked/)
    expect([readlinkSync(join(node.directory, 'mta')), versions(node)]).toEqual(before)
    expect(readdirSync(node.directory).filter((name) => name.startsWith('.unpack'))).toEqual([])
  }, 60_000)
})

/** Every `node` that a script could find. */
function nodePrograms(): readonly string[] {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/bin', '/usr/bin', '/bin']
  const found = folders.map((path) => join(path, 'node')).filter((path) => existsSync(path))
  return [...new Set(found.map((path) => execFileSync('readlink', ['-f', path], { encoding: 'utf8' }).trim()))]
}

describe('on a machine without Node.js', () => {
  let space: Namespace
  let node: LocalNode
  let old: string

  beforeAll(async () => {
    old = join(folder, 'old-node')
    writeFileSync(old, '#!/bin/sh\necho v18.20.4\n', { mode: 0o755 })
    space = await Namespace.open(
      nodePrograms()
        .map((path) => `mount --bind /dev/null '${path}'`)
        .join('\n'),
    )
    node = bareNode(new WrappedHost('bare', [...space.enter, 'sh', '-c']))
  })
  afterAll(() => space.end())

  test('none is found, one is sent, and Haraka runs by it', async () => {
    const found = await probe(node)
    expect([found.node, found.nodeVersion]).toEqual([undefined, undefined])
    const archives = new HarakaArchives({ env: { ...process.env, XDG_CACHE_HOME: harakaCache() } })
    const told = await options()
    await node.install(told, await archives.forNode(found))
    const started = await node.connection.start(newOrder())
    expect(execFileSync('sha256sum', [`/proc/${started.pid ?? 0}/exe`], { encoding: 'utf8' })).toContain(
      execFileSync('sha256sum', [join(node.directory, 'runtime/bin/node')], { encoding: 'utf8' }).slice(0, 64),
    )
    expect(readlinkSync(`/proc/${started.pid ?? 0}/exe`)).toBe(join(node.directory, 'runtime/bin/node'))
    expect(await node.connection.status()).toMatchObject({ running: true, listening: [told.listen] })
    // Now it has all it needs.
    expect((await probe(node)).node).toBe(join(node.directory, 'runtime/bin/node'))
    expect(await archives.forNode(await probe(node))).toBeUndefined()
    await node.connection.stop(newOrder())
  }, 180_000)

  test('a new revision does without the system’s Node.js too, and mail goes through', async () => {
    const sink = await Sink.listen()
    writeFileSync(
      join(node.directory, 'base/config/relay_dest_domains.ini'),
      `[domains]\nany={"nexthop":"127.0.0.1:${sink.port}"}\n`,
    )
    await node.connection.sync({ ...newOrder(), settings: { 'spool-channel-size': 3 }, expect: 'any', restart: true })
    await node.connection.start(newOrder())
    const { listening } = await node.connection.status()
    await sendMail({ port: Number(listening[0]?.split(':')[1]), body: 'by the shipped node' })
    expect((await sink.find('by the shipped node')).to).toEqual(['rcpt@example.net'])
    await node.connection.stop(newOrder())
    await sink.close()
  }, 90_000)

  test('one that is too old is told apart, and is not used', async () => {
    space.exec(`mount --bind '${old}' /usr/bin/node`)
    const bare = bareNode(new WrappedHost('old', [...space.enter, 'sh', '-c']))
    expect(await probe(bare)).toMatchObject({ nodeVersion: 'v18.20.4' })
    const archive = await harakaArchive()
    await expect(bare.install(await options(), archive)).rejects.toThrow(
      /Haraka needs Node\.js 20 or newer, and .* is v18\.20\.4/,
    )
    expect(existsSync(join(bare.directory, 'base'))).toBe(false)
  }, 60_000)
})

test('as a user who is not root: the process is that user’s, and so are the files', async () => {
  const node = bareNode(new WrappedHost('user', ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', 'sh', '-c']))
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))
  execFileSync('chown', ['nobody:nogroup', node.directory])
  await node.install(await options(), await harakaArchive())
  expect(node.read('base/config/smtp.ini')).not.toMatch(/^user=/m)
  const { pid = 0 } = await node.connection.start(newOrder())
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\s+${uid}\\s`, 'm'))
  expect(await node.connection.status()).toMatchObject({ running: true, pid })
  expect(statSync(join(node.directory, 'log/haraka.log')).uid).toBe(uid)
  await node.connection.stop(newOrder())
  expect(harakaPids(node.directory)).toEqual([])
}, 90_000)

test('a directory that cannot be made is said to be so', async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  const node = new LocalNode(haraka, { directory: join(file, 'mx'), addresses: [] })
  await expect(node.install(await options(), await harakaArchive())).rejects.toThrow(
    /can't be a directory, as a file is in its place or above it/,
  )
  rmSync(file)
  mkdirSync(file)
}, 60_000)
