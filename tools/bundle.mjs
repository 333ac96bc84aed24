// How the program is bundled; tools/build.mjs writes the bundle, tools/start-path.mjs looks at what is in it.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { leanSsh2 } from './lean-ssh2.mjs'
import { loadedWhenRead } from './loaded-when-read.mjs'
import { compact } from './shell-text.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Where oclif asks whether it runs within Windows. */
const WSL = /\(await import\('wsl-utils'\)\)\.isWsl \? 'wsl' : \(0, node_os_1\.platform\)\(\)/

/**
 * What oclif does at every start and akctl has no use for: it sorts command ids with localeCompare, which loads ICU's collator
 * (about 10 ms); it asks whether Linux runs within Windows, which loads what starts processes (4); and each of its files loads
 * what it may need one day: globs, templates, help (10). They are compiled from TypeScript, which names an import only to read
 * from it (`fs_1.readFile`), so that each can be loaded when it is first read from.
 */
const leanOclif = {
  name: 'lean-oclif',
  setup(b) {
    b.onLoad({ filter: /@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const sorted = text.replace(/(\w+)\.id\.localeCompare\((\w+)\.id\)/g, '($1.id < $2.id ? -1 : $1.id > $2.id ? 1 : 0)')
      return { loader: 'js', contents: loadedWhenRead(sorted.replace(WSL, '(0, node_os_1.platform)()')) }
    })
  },
}

/** Shell scripts as text, without what only people read. */
const shellTexts = {
  name: 'shell-texts',
  setup(b) {
    b.onLoad({ filter: /\.sh$/ }, async ({ path }) => ({ loader: 'text', contents: compact(await readFile(path, 'utf8')) }))
  },
}

export const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  plugins: [shellTexts],
  // Node 20: import() inside a script run from a code cache throws, so a lazy import becomes a lazy require().
  supported: { 'dynamic-import': false },
}

/** The shipped CLI: one CJS file. Heavy libraries stay outside; those below `alias` get a CJS file of their own. */
export const cli = {
  ...common,
  entryPoints: { 'akctl.new': 'src/cli/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  plugins: [shellTexts, leanOclif],
  external: [
    'typescript',
    'undici',
    'yaml',
    'cli-table3',
    'fs-native-extensions',
    'tar',
    '@peculiar/x509',
    'reflect-metadata',
    './lazy/*',
  ],
  alias: { inquirer: './lazy/inquirer.cjs', chalk: './lazy/chalk.cjs', ssh2: './lazy/ssh2.cjs' },
}

/** ssh2, with names as they are: they are in its errors' traces. */
export const ssh2 = {
  ...common,
  entryPoints: ['ssh2'],
  outdir: 'dist',
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [leanSsh2],
  external: ['cpu-features', 'ssh2/*'],
}

/** The agent: one CJS file that needs nothing but Node.js, put into archives for nodes. */
export const agent = {
  ...common,
  entryPoints: { agent: 'src/agent/entry.js' },
  outdir: 'dist/agent',
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  define: { AKCTL_VERSION: JSON.stringify(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version) },
}
