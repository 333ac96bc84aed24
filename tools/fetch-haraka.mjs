// Fetches Haraka and Node.js into a cache folder and packs them for archives, by the program's own code, before anything
// runs against the clock: on a fresh machine it takes npm the better part of a minute. Does nothing when it is there.
import { build } from 'esbuild'
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { common, root } from './bundle.mjs'

/** Where the tests keep it (test/support/haraka.ts), and where the demo does. */
export const TEST_CACHE = process.env.AKCTL_TEST_CACHE ?? join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`)
export const DEMO_CACHE = join(root, '.cache')

/**
 * @param {string} cache what XDG_CACHE_HOME will be
 * @param {string[]} [architectures] those that archives are made for
 * @throws FailedError when npm can't fetch it
 */
export async function fetchHaraka(cache, architectures = ['x64']) {
  mkdirSync(cache, { recursive: true })
  const outfile = `${root}/dist/fetch-haraka-${process.pid}.cjs` // beside dist/haraka, where its package is looked for
  const payload = './src/operations/payload'
  const contents = `export { HarakaArchives } from '${payload}/haraka-archive.ts'
export { PayloadMembers } from '${payload}/members.ts'`
  try {
    await build({ ...common, stdin: { contents, resolveDir: root }, outfile })
    const { HarakaArchives, PayloadMembers } = createRequire(import.meta.url)(outfile)
    const options = { env: { ...process.env, XDG_CACHE_HOME: cache }, note: (text) => console.log(text) }
    await new HarakaArchives(options).forNode({ machine: 'x86_64', nodeVersion: process.version, glibc: true })
    const members = new PayloadMembers(options)
    for (const architecture of architectures) await members.runtime(architecture)
    await members.haraka()
  } finally {
    rmSync(outfile, { force: true })
  }
}
