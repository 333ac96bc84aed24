// Builds dist/akctl.cjs (one CJS file, made for a fast start) and the small files that are loaded only when needed.
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** oclif sorts command ids with localeCompare, which loads ICU's collator: about 10 ms of every start. */
const noCollator = {
  name: 'no-collator',
  setup(b) {
    b.onLoad({ filter: /@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => {
      const { readFile } = await import('node:fs/promises')
      const text = await readFile(path, 'utf8')
      return {
        loader: 'js',
        contents: text.replace(/(\w+)\.id\.localeCompare\((\w+)\.id\)/g, '($1.id < $2.id ? -1 : $1.id > $2.id ? 1 : 0)'),
      }
    })
  },
}

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  loader: { '.sh': 'text' },
  // Node 20: import() inside a script run from a code cache throws, so a lazy import becomes a lazy require().
  supported: { 'dynamic-import': false },
}

await build({
  ...common,
  entryPoints: { 'akctl.new': 'src/cli/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  plugins: [noCollator],
  // Heavy libraries stay outside; inquirer and chalk are ESM only and get a CJS file of their own.
  external: ['ssh2', 'typescript', 'undici', 'yaml', 'cli-table3', 'fs-native-extensions', './lazy/*'],
  alias: { inquirer: './lazy/inquirer.cjs', chalk: './lazy/chalk.cjs' },
})
await build({
  ...common,
  entryPoints: { 'lazy/inquirer': 'inquirer', 'lazy/chalk': 'chalk' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  minify: true,
})

// V8 accepts a code cache by the source's length alone, so the cache's name carries this digest (bin/load.js).
const bundle = readFileSync(`${root}/dist/akctl.new.cjs`)
const digest = createHash('sha256').update(bundle).digest('hex').slice(0, 16)
writeFileSync(`${root}/dist/akctl.new.cjs`, `//${digest}\n${bundle}`)
renameSync(`${root}/dist/akctl.new.cjs`, `${root}/dist/akctl.cjs`)
for (const file of readdirSync(`${root}/dist`))
  if (file.endsWith('.cache') && !file.includes(digest)) rmSync(`${root}/dist/${file}`, { force: true })
