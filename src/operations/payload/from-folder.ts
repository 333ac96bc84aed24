import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../../outcome/errors.ts'
import { filesBelow, packageFolder } from './haraka-archive.ts'
import { NODE_VERSION, pinnedSum, sumOf } from './node-runtime.ts'

const lockFile = v.object({
  packages: v.record(
    v.string(),
    v.object({ version: v.string(), optional: v.optional(v.boolean()), dev: v.optional(v.boolean()) }),
  ),
})
const packageFile = v.object({ version: v.string() })

/**
 * A folder that holds what an archive is made of, for a machine without a network: Node.js as `node-ARCH`, `lib/node`
 * or `runtime/bin/node`, and Haraka with its dependencies in `mta/`. An unpacked archive is one.
 */
export class MtaFolder {
  private readonly path: string

  constructor(path: string) {
    this.path = resolve(path)
  }

  /** The file of the pinned Node.js for an architecture. @throws UsageError when it is not there, or another one is */
  async nodeBinary(arch: string): Promise<string> {
    const places = [`node-${arch}`, 'lib/node', 'runtime/bin/node']
    const found: string[] = []
    for (const place of places) {
      const file = join(this.path, place)
      const sum = await sumOf(file)
      if (sum !== undefined && sum === pinnedSum(arch)) return file
      if (sum !== undefined) found.push(file)
    }
    if (found.length > 0) {
      throw new UsageError(`${found.join(', ')}: not the Node.js that akctl knows (${NODE_VERSION} for ${arch})`, {
        hints: [`take bin/node of npm's package node-linux-${arch}@${NODE_VERSION}, or give --runtime system`],
      })
    }
    throw new UsageError(`no Node.js for ${arch} in ${this.path}: looked for ${places.join(', ')}`, {
      hints: [`put bin/node of npm's package node-linux-${arch}@${NODE_VERSION} there, or give --runtime system`],
    })
  }

  /**
   * Haraka's installed packages.
   * @returns their folder, and a digest of all that is in it
   * @throws UsageError when it is not there, or not of the pinned versions
   */
  async modules(): Promise<{ readonly folder: string; readonly digest: string }> {
    const folder = join(this.path, 'mta', 'node_modules')
    if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
      throw new UsageError(`no Haraka in ${this.path}: looked for mta/node_modules`, {
        hints: ['copy the folder mta of an unpacked archive, or of a Haraka node that akctl has installed'],
      })
    }
    await this.checkVersions(folder)
    const hash = createHash('sha256')
    for (const file of (await filesBelow(folder)).toSorted()) {
      hash.update(`${file}\0`).update(await readFile(join(folder, file)))
    }
    return { folder, digest: hash.digest('hex').slice(0, 16) }
  }

  private async checkVersions(folder: string): Promise<void> {
    const lock = v.parse(lockFile, JSON.parse(await readFile(join(packageFolder(), 'package-lock.json'), 'utf8')))
    const wrong: string[] = []
    for (const [path, { version, optional, dev }] of Object.entries(lock.packages)) {
      if (path === '' || optional === true || dev === true) continue
      const there = await versionIn(join(folder, path.slice('node_modules/'.length)))
      if (there !== version) wrong.push(`${path}: ${there ?? 'missing'}, ${version} is wanted`)
    }
    if (wrong.length === 0) return
    throw new UsageError(`${folder} does not hold the packages that akctl knows: ${wrong.slice(0, 3).join('; ')}`, {
      hints: ['copy the folder mta of an archive that the same release of akctl has made'],
    })
  }
}

async function versionIn(folder: string): Promise<string | undefined> {
  try {
    return v.parse(packageFile, JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).version
  } catch {
    return undefined
  }
}
