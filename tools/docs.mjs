// Writes the documents that come from the program: docs/reference/, docs/settings.md, and the marked parts of others.
// With --check it only compares. Usage: node tools/docs.mjs [--check]
import { build } from 'esbuild'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { common, root } from './bundle.mjs'
import { reference } from './docs/reference.mjs'
import { settingsPage } from './docs/settings.mjs'

/** What src/ knows, by bundling it. */
async function programFacts() {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-docs-'))
  try {
    await build({ ...common, entryPoints: ['tools/docs/facts.ts'], outfile: join(folder, 'facts.cjs') })
    return createRequire(import.meta.url)(join(folder, 'facts.cjs'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The text with what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` replaced. */
function fill(text, name, content) {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the marks ${begin} and ${end} are missing`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}

function read(file) {
  return readFileSync(`${root}/${file}`, 'utf8')
}

/** @returns {Promise<Map<string, string>>} every generated file → its text */
async function documents() {
  const facts = await programFacts()
  const files = new Map()
  for (const [name, text] of reference(JSON.parse(read('oclif.manifest.json')))) files.set(`docs/reference/${name}`, text)
  files.set('docs/settings.md', settingsPage(facts.settings()))
  files.set('docs/agent-api.json', `${JSON.stringify(facts.openApiDocument(), undefined, 2)}\n`)
  const rows = facts.EXIT_CODES.map(({ code, when }) => `| ${code} | ${when} |`)
  files.set(
    'docs/concepts.md',
    fill(read('docs/concepts.md'), 'exit-codes', ['| exit | when |', '| --- | --- |', ...rows].join('\n')),
  )
  files.set('README.md', fill(read('README.md'), 'demo', ['```console', read('docs/demo.txt').trimEnd(), '```'].join('\n')))
  return files
}

const files = await documents()
const strangers = existsSync(`${root}/docs/reference`)
  ? readdirSync(`${root}/docs/reference`).filter((name) => !files.has(`docs/reference/${name}`))
  : []
if (process.argv.includes('--check')) {
  const stale = [...files].filter(([file, text]) => !existsSync(`${root}/${file}`) || read(file) !== text).map(([file]) => file)
  stale.push(...strangers.map((name) => `docs/reference/${name} (belongs to no command)`))
  if (stale.length > 0) console.error(`not current: ${stale.join(', ')}: run npm run docs`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  mkdirSync(`${root}/docs/reference`, { recursive: true })
  for (const name of strangers) rmSync(`${root}/docs/reference/${name}`)
  for (const [file, text] of files) writeFileSync(`${root}/${file}`, text)
}
