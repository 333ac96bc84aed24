// Builds dist/akctl.cjs (one CJS file, made for a fast start) and the small files that are loaded only when needed.
import { build } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent, cli, common, root, ssh2 } from './bundle.mjs'

const dist = `${root}/dist`
mkdirSync(`${dist}/lazy`, { recursive: true })

/** Whole or not at all: another process may be starting from the file. */
function write(name, bytes, mode = 0o644) {
  const fresh = `${dist}/.${process.pid}.new`
  writeFileSync(fresh, bytes)
  chmodSync(fresh, mode)
  renameSync(fresh, `${dist}/${name}`)
}

/** Digests of the files that have a code cache. */
const digests = []

/** V8 accepts a code cache by the source's length alone, so the cache's name carries this digest (bin/load.js). */
function writeCached(name, contents) {
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 16)
  write(name, Buffer.concat([Buffer.from(`//${digest}\n`), contents]))
  digests.push(digest)
}

const main = await build({ ...cli, write: false })
writeCached('akctl.cjs', main.outputFiles[0].contents)

for (const name of ['inquirer', 'chalk']) {
  const lazy = await build({ ...common, entryPoints: [name], minify: true, write: false, outdir: 'dist' })
  write(`lazy/${name}.cjs`, lazy.outputFiles[0].contents)
}

const sshLibrary = await build({ ...ssh2, write: false })
writeCached('lazy/ssh2-bundle.cjs', sshLibrary.outputFiles[0].contents)
write('lazy/ssh2.cjs', "module.exports = require('../../bin/load.js').load(require('path').join(__dirname, 'ssh2-bundle.cjs'))\n")

// The agent and its launcher: what archives for HTTPS nodes are made of.
mkdirSync(`${dist}/agent`, { recursive: true })
const daemon = await build({ ...agent, write: false })
write('agent/agent.cjs', daemon.outputFiles[0].contents)
write('agent/node', readFileSync(`${root}/src/agent/launcher.sh`), 0o755)

// What akctl installs on a Haraka node: read when an archive is made, not bundled.
const haraka = `${root}/src/mta/haraka/package`
cpSync(haraka, `${dist}/haraka`, { recursive: true, filter: (source) => !source.startsWith(`${haraka}/node_modules`) })
for (const file of readdirSync(`${dist}/haraka`, { recursive: true }))
  if (!existsSync(`${haraka}/${file}`)) rmSync(`${dist}/haraka/${file}`, { recursive: true, force: true })

for (const file of readdirSync(dist, { recursive: true }))
  if (file.endsWith('.cache') && !digests.some((digest) => file.includes(digest))) rmSync(`${dist}/${file}`, { force: true })

// A code cache holds what the run that makes it compiles: that is to be a run of a command, not of --help, and a login.
const home = mkdtempSync(join(tmpdir(), 'akctl-build-'))
const env = { ...process.env, AKCTL_HOME: home, NODE_OPTIONS: '' }
spawnSync(process.execPath, [`${root}/bin/run.js`, 'nodes', 'list', '--no-status'], { env, stdio: 'ignore' })
rmSync(home, { recursive: true, force: true })
spawnSync(process.execPath, [`${root}/tools/login.cjs`], { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: 30_000 })
