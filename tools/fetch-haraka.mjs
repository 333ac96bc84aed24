// Fetches Haraka into a cache folder, by the program's own code, before anything runs against the clock: on a fresh
// machine it takes npm the better part of a minute. Does nothing when it is there.
import { build } from 'esbuild'
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { common, root } from './bundle.mjs'

/** Where the tests keep it (test/support/haraka.ts), and where the demo does. */
export const TEST_CACHE = join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`)
export const DEMO_CACHE = join(root, '.cache')

/** @param {string} cache what XDG_CACHE_HOME will be @throws FailedError when npm can't fetch it */
export async function fetchHaraka(cache) {
  mkdirSync(cache, { recursive: true })
  const outfile = `${root}/dist/fetch-haraka-${process.pid}.cjs` // beside dist/haraka, where its package is looked for
  const contents = "export { HarakaArchives } from './src/operations/payload/haraka-archive.ts'"
  try {
    await build({ ...common, stdin: { contents, resolveDir: root }, outfile })
    const { HarakaArchives } = createRequire(import.meta.url)(outfile)
    const archives = new HarakaArchives({ env: { ...process.env, XDG_CACHE_HOME: cache }, note: (text) => console.log(text) })
    await archives.forNode({ machine: 'x86_64', nodeVersion: process.version, glibc: true })
  } finally {
    rmSync(outfile, { force: true })
  }
}
