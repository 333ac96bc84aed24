// Writes oclif.manifest.json from the built commands; with --check only compares.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const file = `${root}/oclif.manifest.json`
const { Plugin } = require('@oclif/core')
const { COMMANDS } = require(`${root}/dist/akctl.cjs`)

const plugin = new Plugin({ root, respectNoCacheDefault: true, errorOnManifestCreate: true, ignoreManifest: true })
// The program loads a command when it is the one to run; oclif wants to see all classes at once.
const loaded = Object.entries(COMMANDS).map(async ([id, load]) => [id, (await load()).default])
plugin.commandCache = Object.fromEntries(await Promise.all(loaded))
await plugin.load()
const text = `${JSON.stringify(plugin.manifest, undefined, 2)}\n`
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('oclif.manifest.json is not current: run npm run build && node tools/manifest.mjs')
    process.exitCode = 1
  }
} else writeFileSync(file, text)
