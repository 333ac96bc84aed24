// All of `npm test`: lint, then jest. Every part of the lint run counts as one test. Words given go to jest.
import { TEST_CACHE, fetchHaraka } from './fetch-haraka.mjs'
import { lint } from './lint.mjs'
import { runJest } from './run-jest.mjs'

// npm's registry is waited for beside the lint, which has work for both cores of a small machine.
const fetched = fetchHaraka(TEST_CACHE, ['x64', 'arm64'])
fetched.catch(() => undefined) // told once the lint is over
const style = await lint()
await fetched
const tests = await runJest(process.argv.slice(2))

if (tests.slow.length > 1) console.log(`\nThe slowest test files:\n${tests.slow.join('\n')}`)
if (style.failed.length > 0) console.log(`lint failed: ${style.failed.join(', ')}`)
for (const note of tests.notes) console.log(note)
const failed = style.failed.length + tests.failed
console.log(`${style.passed.length + tests.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
