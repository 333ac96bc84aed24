import { createHash } from 'node:crypto'
import { cp, link, mkdir, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { InstallArchive } from '../../mta/driver.ts'
import type { HarakaProbe } from '../../mta/haraka/probe.ts'
import { cacheFolder, inCache } from './cache.ts'
import { neededArch, nodeBinary } from './node-runtime.ts'
import { npm } from './npm.ts'

/** Bumped when the archive's form changes. */
const FORM = 1

export interface ArchiveOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  /** Told before something is fetched, which takes a while the first time. */
  readonly note?: (text: string) => void
}

/**
 * Makes the archives that install Haraka on nodes: Haraka with its pinned dependencies and akctl's plugins, and
 * Node.js for a node that has none. One object serves a whole run: nodes that need the same share it. What was
 * fetched and packed stays in `$XDG_CACHE_HOME/akctl` (or `~/.cache/akctl`).
 */
export class HarakaArchives {
  private readonly made = new Map<string, Promise<InstallArchive>>()
  private readonly cache: string

  constructor(private readonly options: ArchiveOptions) {
    this.cache = join(cacheFolder(options.env), 'haraka')
  }

  /**
   * What install must send to a node; undefined when it has exactly this already.
   * @throws FailedError when npm is missing or fails, or there is no Node.js for the node
   */
  async forNode(probe: HarakaProbe): Promise<InstallArchive | undefined> {
    const arch = neededArch(probe)
    const id = await archiveId()
    if (arch === undefined && probe.installed === id) return undefined
    const key = arch === undefined ? id : `${id}-${arch}`
    const made = this.made.get(key) ?? this.make(key, id, arch)
    this.made.set(key, made)
    return made
  }

  private async make(key: string, id: string, arch: string | undefined): Promise<InstallArchive> {
    const file = join(this.cache, `${key}.tar.gz`)
    if (!existsSync(file)) {
      const modules = await this.modules()
      const node = arch === undefined ? undefined : await nodeBinary(arch, this.cache, this.options)
      await inCache(this.cache, async (temp) => {
        const files = await arrange(temp, { id, modules, node })
        await pack(temp, files, join(temp, 'archive'))
        await rename(join(temp, 'archive'), file)
      })
    }
    return readFile(file)
  }

  /**
   * The installed dependencies: a folder per lock file, whole or not there at all.
   * @throws FailedError when npm is missing or fails
   */
  async modules(): Promise<string> {
    const lock = await readFile(join(packageFolder(), 'package-lock.json'))
    const folder = join(this.cache, `modules-${digest(lock)}`)
    if (!existsSync(folder)) {
      this.options.note?.('fetching Haraka and its dependencies by npm; this is done once')
      await inCache(this.cache, async (temp) => {
        for (const file of ['package.json', 'package-lock.json']) await cp(join(packageFolder(), file), join(temp, file))
        // A lock file is exact; `engine-strict` would refuse packages whose stated engines are newer than they need.
        const quiet = ['--no-audit', '--no-fund', '--engine-strict=false']
        const args = ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', ...quiet]
        await npm(args, 'Haraka and its dependencies', { ...this.options, cwd: temp })
        await moveInto(join(temp, 'node_modules'), folder)
      })
    }
    return folder
  }
}

/** The sub-package: beside the bundle where akctl is built, else in the sources. */
export function packageFolder(): string {
  const built = join(__dirname, 'haraka')
  return existsSync(join(built, 'package.json')) ? built : join(__dirname, '..', '..', 'mta', 'haraka', 'package')
}

/** The files of the sub-package that go to a node, sorted. */
async function packageFiles(): Promise<readonly string[]> {
  const plugins = await readdir(join(packageFolder(), 'plugins', 'akctl'))
  return ['check.js', 'package.json', ...plugins.sort().map((file) => `plugins/akctl/${file}`)]
}

/** What the archive is made of, in one word: nodes keep it, and are sent nothing as long as it is the same. */
export async function archiveId(): Promise<string> {
  const hash = createHash('sha256').update(`form ${FORM}\n`)
  for (const file of ['package-lock.json', ...(await packageFiles())]) {
    hash.update(`${file}\0`).update(await readFile(join(packageFolder(), file)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Puts the archive's tree together. The dependencies, thousands of files, are linked to and not copied. */
export async function arrange(
  temp: string,
  parts: { readonly id: string; readonly modules: string; readonly node: string | undefined },
): Promise<readonly string[]> {
  const mta = join(temp, 'mta')
  await mkdir(join(mta, 'plugins', 'akctl'), { recursive: true })
  await symlink(parts.modules, join(mta, 'node_modules'))
  for (const file of await packageFiles()) await cp(join(packageFolder(), file), join(mta, file))
  await writeFile(join(mta, 'id'), `${parts.id}\n`)
  const files = ['id', ...(await packageFiles()), ...(await filesBelow(parts.modules)).map((file) => `node_modules/${file}`)]
  const inMta = files.map((file) => `mta/${file}`)
  if (parts.node === undefined) return inMta
  await mkdir(join(temp, 'runtime', 'bin'), { recursive: true })
  await link(parts.node, join(temp, 'runtime', 'bin', 'node'))
  return [...inMta, 'runtime/bin/node']
}

/** The same bytes for the same files: sorted, without owners and times. The library does what every tar calls otherwise. */
async function pack(folder: string, files: readonly string[], archive: string): Promise<void> {
  const tar = await import('tar')
  const form = { portable: true, mtime: new Date(0), follow: false, noDirRecurse: true }
  await tar.create({ gzip: { level: 6 }, file: archive, cwd: folder, ...form }, [...files].sort())
}

/** Files and links below a folder, relative to it; not what npm keeps there for itself. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((file) => !/(^|[/])\.(bin[/]|package-lock\.json$)/.test(file))
}

/** A rename that another process of the same purpose may win. */
async function moveInto(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(await stat(to).catch(() => undefined))?.isDirectory()) throw error
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}
