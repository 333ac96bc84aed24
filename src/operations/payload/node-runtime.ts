import { createHash } from 'node:crypto'
import { readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { HarakaProbe } from '../../mta/haraka/probe.ts'
import { FailedError } from '../../outcome/errors.ts'
import { inCache } from './cache.ts'
import { npm, type NpmOptions } from './npm.ts'

/** The oldest Node.js that runs Haraka 3. */
const OLDEST = 20
/** The Node.js that is shipped. An LTS. */
export const NODE_VERSION = '20.20.2'

/** By `uname -m`: npm's package, and the SHA-256 of its bin/node. */
const BINARIES: Readonly<Record<string, { readonly arch: string; readonly sha256: string }>> = {
  x86_64: { arch: 'x64', sha256: '6295488653f0d93b0a157841746fef7e72cc4328cfb60c4bbe0ca2668a836ffd' },
  aarch64: { arch: 'arm64', sha256: '05a69ccdcb795f2a8b86c145e71a6a37cce84fccef5aaf25a8fe38bc9423e732' },
}

/**
 * The architecture of the Node.js that a node must be sent; undefined when it has one that is new enough.
 * @throws FailedError when it needs one, and none can be had for it
 */
export function neededArch(probe: HarakaProbe): string | undefined {
  const major = Number(/^v(\d+)\./.exec(probe.nodeVersion ?? '')?.[1] ?? 0)
  if (major >= OLDEST) return undefined
  const has = probe.nodeVersion === undefined ? 'has no Node.js' : `has Node.js ${probe.nodeVersion}`
  const hints = [`install Node.js ${OLDEST} or newer on the node by its own packages, and run akctl nodes install again`]
  const binary = BINARIES[probe.machine]
  if (binary === undefined) throw new FailedError(`the node ${has}, and there is none to send to a ${probe.machine}`, { hints })
  if (!probe.glibc) throw new FailedError(`the node ${has}, and the one akctl sends needs glibc, which it lacks`, { hints })
  return binary.arch
}

/**
 * The file of the Node.js for an architecture (`x64`, `arm64`), from the cache or fetched by npm and checked.
 * @param cache folder that holds what was fetched
 * @throws FailedError when it can't be fetched, or is not the pinned one
 */
export async function nodeBinary(arch: string, cache: string, options: Omit<NpmOptions, 'cwd'>): Promise<string> {
  const expected = pinnedSum(arch)
  const file = join(cache, `node-${NODE_VERSION}-${arch}`)
  if ((await sumOf(file)) === expected) return file
  return inCache(cache, async (temp) => {
    const name = `node-linux-${arch}`
    await npm(['pack', '--loglevel=error', `${name}@${NODE_VERSION}`], `Node.js ${NODE_VERSION} (${name})`, {
      ...options,
      cwd: temp,
    })
    const tar = await import('tar')
    await tar.extract({ file: join(temp, `${name}-${NODE_VERSION}.tgz`), cwd: temp, strip: 2 }, ['package/bin/node'])
    const sum = await sumOf(join(temp, 'node'))
    if (sum !== expected) {
      throw new FailedError(`the registry's ${name}@${NODE_VERSION} is not the one akctl knows (SHA-256 ${sum ?? 'none'})`, {
        hints: ['it was not used; look at the registry that npm is set to: npm config get registry'],
      })
    }
    await rename(join(temp, 'node'), file)
    return file
  })
}

/** The SHA-256 (hex) of the Node.js for an architecture; undefined for an unknown one. */
export function pinnedSum(arch: string): string | undefined {
  return Object.values(BINARIES).find((binary) => binary.arch === arch)?.sha256
}

/** The SHA-256 of a file, in hex; undefined when there is none. */
export async function sumOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined)
  return found?.isFile() === true
    ? createHash('sha256')
        .update(await readFile(file))
        .digest('hex')
    : undefined
}
