// The program with readable names, for profiles: bundled without minifying into a package folder of its own.
import { build } from 'esbuild'
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { cli, root } from '../../tools/bundle.mjs'

/** @returns {Promise<string>} its bin/run.js */
export async function plainBuild() {
  const folder = `${root}/.cache/bench-plain`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(`${folder}/dist`, { recursive: true })
  for (const name of ['bin', 'package.json', 'oclif.manifest.json'])
    cpSync(`${root}/${name}`, `${folder}/${name}`, { recursive: true })
  cpSync(`${root}/dist/lazy`, `${folder}/dist/lazy`, { recursive: true })
  symlinkSync(`${root}/node_modules`, `${folder}/node_modules`)
  await build({ ...cli, minify: false, entryPoints: { akctl: 'src/cli/main.ts' }, outdir: `${folder}/dist` })
  return `${folder}/bin/run.js`
}
