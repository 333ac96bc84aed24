import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { common, root } from '../../tools/bundle.mjs'

/** Adds nodes to a store (see seed.ts). */
export async function seedNodes(home, nodes) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/bench-')) // below node_modules' folder, where its externals are found
  try {
    const outfile = join(folder, 'seed.cjs')
    await build({ ...common, entryPoints: ['test/bench/seed.ts'], outfile, external: ['fs-native-extensions', 'ssh2'] })
    await createRequire(import.meta.url)(outfile).seed(home, nodes)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
