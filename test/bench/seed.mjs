import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { common, root } from '../../tools/bundle.mjs'

/** Adds nodes to a store (see seed.ts). */
export function seedNodes(home, nodes) {
  return withSeed((seed) => seed.seed(home, nodes))
}

/** Makes one agent's certificate and key those of all nodes of a store (see seed.ts). */
export function seedAgents(home, agent) {
  return withSeed((seed) => seed.seedAgents(home, agent))
}

/** What `mta status` sends to a Postfix node (see seed.ts). */
export function statusCommand(directory) {
  return withSeed((seed) => seed.statusCommand(directory))
}

async function withSeed(work) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/bench-')) // below node_modules' folder, where its externals are found
  try {
    const outfile = join(folder, 'seed.cjs')
    await build({ ...common, entryPoints: ['test/bench/seed.ts'], outfile, external: ['fs-native-extensions', 'ssh2'] })
    return await work(createRequire(import.meta.url)(outfile))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
