// Runs jest and counts its tests (test-count.mjs). Usage: node tools/run-jest.mjs [jest's own words…]; last line: "N passed, N failed".
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TEST_CACHE } from './fetch-haraka.mjs'
import { clearAway } from './leftovers.mjs'
import { countRun, slowest } from './test-count.mjs'
import { isMain } from './is-main.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Minutes after which a run that hangs is ended and counted as failed. */
const LIMIT = 40

/** Kept from run to run: jest would look for it in the run's own folder. */
const JEST_CACHE = join(tmpdir(), `akctl-jest-cache-${process.getuid?.() ?? 0}`)

/**
 * Runs jest with a clean environment for everything it starts, and a temporary folder that tells what this run started
 * from what another one did at the same time.
 * @param {string[]} words for jest
 * @param {{ node?: string, env?: Record<string, string> }} [options] another Node.js, more variables
 */
export async function runJest(words, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'akt-')) // short: a path of a unix socket has 107 bytes
  chmodSync(folder, 0o1777) // tests start programs as other users, too
  const file = join(folder, 'results.json')
  const status = await jest([`--outputFile=${file}`, ...words], {
    ...options,
    env: { ...options.env, TMPDIR: folder, AKCTL_TEST_CACHE: TEST_CACHE },
  })
  const results = read(file)
  const left = await clearAway(folder)
  return { ...countRun(results, { status, whole: words.length === 0, left }), slow: slowest(results) }
}

/** @returns its exit status, or why there is none */
async function jest(words, { node = process.execPath, env }) {
  const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...own } = process.env
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--cacheDirectory=${JEST_CACHE}`, ...words]
  const child = spawn(node, args, {
    cwd: root,
    env: { ...own, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const timer = setTimeout(() => {
    console.error(`the tests did not end within ${LIMIT} minutes`)
    child.kill('SIGKILL')
  }, LIMIT * 60_000)
  const status = await new Promise((resolve) => child.on('close', resolve).on('error', resolve))
  clearTimeout(timer)
  return status
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

if (isMain(import.meta.url)) {
  const { passed, failed, notes, slow } = await runJest(process.argv.slice(2))
  if (slow.length > 1) console.log(`\nThe slowest test files:\n${slow.join('\n')}`)
  for (const note of notes) console.log(note)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
