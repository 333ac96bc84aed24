// Runs jest and counts honestly: a file that could not run, a skipped test, a run of no test and a jest that did not
// end all count as failures. Usage: node tools/run-jest.mjs [jest's own words…]; last line: "N passed, N failed".
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Minutes after which a run that hangs is ended and counted as failed. */
const LIMIT = 40

/**
 * Counts a run of jest.
 * @param {object | undefined} results what `jest --json` wrote; undefined when it wrote nothing
 * @param {{ status: number | null, whole: boolean }} run jest's exit status; whether all tests were asked for
 * @returns {{ passed: number, failed: number, notes: string[] }}
 */
export function countRun(results, run) {
  const notes = []
  if (results === undefined) return { passed: 0, failed: 1, notes: [`jest ended with ${run.status} and no results`] }
  const passed = results.numPassedTests
  let failed = results.numFailedTests + results.numRuntimeErrorTestSuites
  const skipped = results.numPendingTests + results.numTodoTests
  if (results.numRuntimeErrorTestSuites > 0) notes.push(`${results.numRuntimeErrorTestSuites} test files could not run`)
  if (run.whole && skipped > 0) {
    failed += skipped
    notes.push(`${skipped} skipped tests count as failed`)
  }
  if (passed + failed === 0) {
    failed = 1
    notes.push('no test was run')
  }
  if (run.status !== 0 && failed === 0) {
    failed = 1
    notes.push(`jest ended with ${run.status} though no test failed`)
  }
  return { passed, failed, notes }
}

/** The slowest test files as lines. */
export function slowest(results, count = 10) {
  return (results?.testResults ?? [])
    .map((file) => ({ name: relative(root, file.name), seconds: (file.endTime - file.startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`)
}

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

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed, notes, slow } = await runJest(process.argv.slice(2))
  if (slow.length > 1) console.log(`\nThe slowest test files:\n${slow.join('\n')}`)
  for (const note of notes) console.log(note)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
