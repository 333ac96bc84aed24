// What every start of the CLI loads is looked at here, so that start-up cost is a rule: only the listed libraries and
// built-in modules may be on the start path; everything heavy is loaded by import() where it is needed.
// Usage: node tools/start-path.mjs
import { build } from 'esbuild'
import { isBuiltin } from 'node:module'
import { cli, root } from './bundle.mjs'
import { isMain } from './is-main.mjs'

const ENTRY = 'src/cli/main.ts'

/** Libraries that src/ may import at the top of a file on the start path. */
const LIBRARIES = ['@oclif/core', 'valibot']

/** Libraries that must be in no part of the bundle: they are loaded from node_modules, or from dist/lazy. */
const NEVER_INSIDE = [
  ...['ssh2', 'undici', 'inquirer', 'chalk', 'yaml', 'cli-table3', 'fs-native-extensions', 'tar', 'typescript'],
  ...['@peculiar/x509', 'reflect-metadata'],
]

/** Built-in modules that src/ may import at the top; others (http, tls, worker_threads…) cost milliseconds each. */
const BUILTINS = [
  'fs',
  'fs/promises',
  'path',
  'os',
  'url',
  'util',
  'crypto',
  'child_process',
  'readline',
  'net',
  'stream',
  'events',
  'timers/promises',
]

/** Our folders that only a lazy import may reach. */
const LAZY_FOLDERS = [/^src\/connection\/(ssh|agent)\//]

/**
 * What is wrong with the start path of a bundle.
 * @param {import('esbuild').Metafile} metafile
 * @returns {string[]} one text a finding
 */
export function findings(metafile, entry = ENTRY) {
  const found = []
  for (const input of Object.keys(metafile.inputs)) {
    const library = libraryOf(input)
    if (library !== undefined && NEVER_INSIDE.includes(library)) found.push(`${library} is inside the bundle (${input})`)
  }
  for (const [file, via] of eager(metafile.inputs, entry)) {
    if (LAZY_FOLDERS.some((folder) => folder.test(file))) found.push(`${file} is on the start path (imported by ${via})`)
    if (!file.startsWith('src/')) continue
    for (const edge of metafile.inputs[file].imports) {
      const problem = edge.kind === 'import-statement' ? objection(edge) : undefined
      if (problem !== undefined) found.push(`${file} imports ${problem} at its top, and is on the start path`)
    }
  }
  return found
}

/** Every file that is loaded at each start, with the file that imports it. */
function eager(inputs, entry) {
  const seen = new Map([[entry, 'the entry']])
  const queue = [entry]
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (external || kind === 'dynamic-import' || seen.has(path)) continue
      seen.set(path, file)
      queue.push(path)
    }
  }
  return seen
}

function objection({ path, external }) {
  if (path === '<runtime>') return undefined
  if (external && isBuiltin(path)) return BUILTINS.includes(path.replace(/^node:/, '')) ? undefined : path
  const library = external ? path : libraryOf(path)
  return library === undefined || LIBRARIES.includes(library) ? undefined : library
}

function libraryOf(input) {
  return /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
}

if (isMain(import.meta.url)) {
  const { metafile } = await build({ ...cli, absWorkingDir: root, write: false, metafile: true })
  const found = findings(metafile)
  for (const line of found) console.log(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
