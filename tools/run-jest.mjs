// Runs jest and counts its tests (test-count.mjs). Usage: node tools/run-jest.mjs [jest's own words…]; last line: "N passed, N failed".
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countRun, slowest } from './test-count.mjs'
import { isMain } from './is-main.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Minutes after which a run that hangs is ended and counted as failed. */
const LIMIT = 40

/**
 * Runs jest with a clean environment for everything it starts.
 * @param {string[]} words for jest
 * @param {{ node?: string, env?: Record<string, string> }} [options] another Node.js, more variables
 */
export async function runJest(words, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-jest-'))
  const file = join(folder, 'results.json')
  const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...env } = process.env
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${file}`, ...words]
  const child = spawn(options.node ?? process.execPath, args, {
    cwd: root,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const timer = setTimeout(() => {
    console.error(`the tests did not end within ${LIMIT} minutes`)
    child.kill('SIGKILL')
  }, LIMIT * 60_000)
  const status = await new Promise((resolve) => child.on('close', resolve).on('error', resolve))
  clearTimeout(timer)
  const results = read(file)
  rmSync(folder, { recursive: true, force: true })
  return { ...countRun(results, { status, whole: words.length === 0 }), slow: slowest(results) }
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
