// Counts a run of jest honestly: a file that could not run, a skipped test, a run of no test, a jest that did not end
// well and whatever the tests left behind all count as failures.
import { relative } from 'node:path'

/**
 * Counts a run of jest.
 * @param {object | undefined} results what `jest --json` wrote; undefined when it wrote nothing
 * @param {{ status: number | null, whole: boolean, left?: string[] }} run jest's exit status; whether all tests were asked
 *   for; a line for each thing that the tests left behind
 * @returns {{ passed: number, failed: number, notes: string[] }}
 */
export function countRun(results, run) {
  const notes = [...(run.left ?? [])]
  const left = notes.length
  if (results === undefined) {
    return { passed: 0, failed: 1 + left, notes: [...notes, `jest ended with ${run.status} and no results`] }
  }
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
  return { passed, failed: failed + left, notes }
}

/** The slowest test files as lines. */
export function slowest(results, count = 10) {
  return (results?.testResults ?? [])
    .map((file) => ({ name: relative(process.cwd(), file.name), seconds: (file.endTime - file.startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`)
}
