import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, copyFile, link, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { MtaFolder } from './from-folder.ts'
import { cacheFolder, inCache } from './cache.ts'
import { type ArchiveOptions, HarakaArchives, archiveId, arrange } from './haraka-archive.ts'
import { NODE_VERSION, nodeBinary } from './node-runtime.ts'

/** Bumped when the members' form changes. */
const FORM = 1
/** Two blocks of zeros at the end of a tar archive. */
const END = 1024
/** Where a gzip header says on which system it was made; 255: unknown. */
const SYSTEM = 9

/** Haraka as a part of an archive. */
export interface HarakaMember {
  /** The folder of this version, relative to the archive's root. */
  readonly folder: string
  /** The gzip member. */
  readonly file: string
}

/**
 * The heavy parts of node archives, each a gzip member of its own without the end mark of tar, so that members can
 * simply be joined. Made once a version and architecture, and kept in `$XDG_CACHE_HOME/akctl/archive` with its digest.
 */
export class PayloadMembers {
  private readonly cache: string

  /** @param from a folder with Node.js and Haraka, instead of the npm registry */
  constructor(private readonly options: ArchiveOptions & { readonly from?: string }) {
    this.cache = join(cacheFolder(options.env), 'archive')
  }

  /**
   * Node.js as `lib/node`.
   * @param arch `x64` or `arm64`
   * @returns the member's file @throws FailedError, UsageError
   */
  async runtime(arch: string): Promise<string> {
    const file = join(this.cache, `node-${NODE_VERSION}-${arch}-${FORM}.tar.gz`)
    // What is named by --from is looked at even so: a wrong folder is to be heard of.
    const given = this.options.from === undefined ? undefined : await new MtaFolder(this.options.from).nodeBinary(arch)
    if (await isWhole(file)) return file
    return this.make(file, 'Node.js', async (temp) => {
      const fetched = join(cacheFolder(this.options.env), 'haraka')
      await mkdir(join(temp, 'lib'))
      if (given === undefined) await link(await nodeBinary(arch, fetched, this.options), join(temp, 'lib/node'))
      else await copyFile(given, join(temp, 'lib/node'))
      await chmod(join(temp, 'lib/node'), 0o755)
      return { cwd: temp, files: ['lib/node'] }
    })
  }

  /** Haraka with its pinned dependencies and akctl's plugins. @throws FailedError, UsageError */
  async haraka(): Promise<HarakaMember> {
    const id = await archiveId()
    const given = this.options.from === undefined ? undefined : await new MtaFolder(this.options.from).modules()
    const modules = given?.folder ?? (await new HarakaArchives(this.options).modules())
    const variant = given === undefined ? '' : `-${given.digest}`
    const file = join(this.cache, `haraka-${id}${variant}-${FORM}.tar.gz`)
    const folder = `versions/${id}`
    if (!(await isWhole(file))) {
      await this.make(file, 'Haraka', async (temp) => {
        const files = await arrange(temp, { id, modules, node: undefined })
        return { cwd: join(temp, 'mta'), files: files.map((path) => path.slice('mta/'.length)), prefix: folder }
      })
    }
    return { folder, file }
  }

  private async make(file: string, what: string, arrangeIn: (temp: string) => Promise<Parts>): Promise<string> {
    this.options.note?.(`packing ${what} for archives; this is done once`)
    return inCache(this.cache, async (temp) => {
      await packMember(await arrangeIn(temp), join(temp, 'member'), this.options.signal)
      await writeFile(join(temp, 'digest'), `${await digestOf(join(temp, 'member'))}\n`)
      await rename(join(temp, 'digest'), digestFile(file))
      await rename(join(temp, 'member'), file)
      return file
    })
  }
}

/** Whether a member is there as it was packed: what is broken or was changed goes into no node's archive. */
async function isWhole(file: string): Promise<boolean> {
  if (!existsSync(file) || !existsSync(digestFile(file))) return false
  return (await readFile(digestFile(file), 'utf8')).trim() === (await digestOf(file))
}

const digestFile = (file: string): string => `${file}.sha256`

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

interface Parts {
  readonly cwd: string
  readonly files: readonly string[]
  /** Put before every path. */
  readonly prefix?: string
}

/** The same bytes for the same files, whatever the umask: sorted, without owners and times, modes 0755 and 0644 only. */
async function packMember({ cwd, files, prefix }: Parts, to: string, signal?: AbortSignal): Promise<void> {
  const tar = await import('tar')
  const pack = tar.create(
    {
      cwd,
      ...(prefix === undefined ? {} : { prefix }),
      ...{ portable: true, mtime: new Date(0), follow: false, noDirRecurse: true },
      filter: (_path, stats) => {
        if ('isFile' in stats && stats.isFile())
          stats.mode = (stats.mode & ~0o7777) | ((stats.mode & 0o100) === 0 ? 0o644 : 0o755)
        return true
      },
    },
    [...files].sort(),
  )
  const gzip = createGzip({ level: 6 })
  const steps = [pack as unknown as AsyncIterable<Buffer>, withoutEnd, gzip, systemless, createWriteStream(to)] as const
  await pipeline(...steps, signal === undefined ? {} : { signal })
}

/** All but the last two blocks, which end a tar archive: another member follows. */
async function* withoutEnd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  for await (const chunk of source) {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    held = Buffer.from(all.subarray(Math.max(0, all.length - END)))
    if (all.length > END) yield all.subarray(0, all.length - END)
  }
  if (held.length !== END || held.some((byte) => byte !== 0)) throw new Error('a tar archive without its end mark')
}

async function* systemless(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of source) {
    if (at <= SYSTEM && at + chunk.length > SYSTEM) chunk.writeUInt8(255, SYSTEM - at)
    at += chunk.length
    yield chunk
  }
}
