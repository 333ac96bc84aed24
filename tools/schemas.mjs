// Writes docs/schema/*.json from src/cli/schema: the JSON Schemas of what akctl prints with --json, and of files it reads; with --check only compares.
import { build } from 'esbuild'
import { toJsonSchema } from '@valibot/to-json-schema'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { common, root } from './bundle.mjs'

const folder = `${root}/docs/schema`

/** The exports of src/cli/schema/index.ts. */
async function program() {
  const result = await build({ ...common, entryPoints: ['src/cli/schema/index.ts'], write: false, outdir: 'dist' })
  const module = { exports: {} }
  vm.runInThisContext(`(function (module, exports, require) {${result.outputFiles[0].text}\n})`)(
    module,
    module.exports,
    createRequire(import.meta.url),
  )
  return module.exports
}

const { documentSchemas, fileSchemas } = await program()
const wanted = new Map()
for (const [name, { title, schema }] of fileSchemas()) {
  const document = { $schema: 'http://json-schema.org/draft-07/schema#', title, ...toJsonSchema(schema, { errorMode: 'throw' }) }
  wanted.set(`${name}.schema.json`, `${JSON.stringify(document, undefined, 2)}\n`)
}
for (const [name, { title, schema }] of documentSchemas()) {
  const document = { $schema: undefined, title: `${name}: ${title}`, ...toJsonSchema(schema, { errorMode: 'throw' }) }
  wanted.set(`${name.replace('/', '-')}.json`, `${JSON.stringify(document, undefined, 2)}\n`)
}

mkdirSync(folder, { recursive: true })
const found = readdirSync(folder).filter((file) => file.endsWith('.json'))
if (process.argv.includes('--check')) {
  const missing = [...wanted].filter(
    ([file, text]) => !found.includes(file) || readFileSync(`${folder}/${file}`, 'utf8') !== text,
  )
  const surplus = found.filter((file) => !wanted.has(file))
  if (missing.length + surplus.length > 0) {
    console.error(
      `docs/schema is not current: ${[...missing.map(([file]) => file), ...surplus].join(', ')}: run node tools/schemas.mjs`,
    )
    process.exitCode = 1
  }
} else {
  for (const file of found) if (!wanted.has(file)) rmSync(`${folder}/${file}`)
  for (const [file, text] of wanted) writeFileSync(`${folder}/${file}`, text)
}
