// What `npm test` counts: nothing that went wrong may be missing from its last line.
import { countRun, slowest } from '../../../tools/test-count.mjs'

const results = { numPassedTests: 7, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numPendingTests: 0, numTodoTests: 0 }

describe('countRun', () => {
  it('counts passed and failed tests', () => {
    expect(countRun({ ...results, numFailedTests: 2 }, { status: 1, whole: true })).toMatchObject({ passed: 7, failed: 2 })
  })

  it('counts a test file that could not run as a failure', () => {
    expect(countRun({ ...results, numRuntimeErrorTestSuites: 1 }, { status: 1, whole: true })).toMatchObject({
      passed: 7,
      failed: 1,
    })
  })

  it.each(['numPendingTests', 'numTodoTests'])('counts %s as failures of a whole run', (key) => {
    expect(countRun({ ...results, [key]: 3 }, { status: 0, whole: true })).toMatchObject({ passed: 7, failed: 3 })
  })

  it('lets a run of chosen tests skip the others', () => {
    expect(countRun({ ...results, numPendingTests: 3 }, { status: 0, whole: false })).toMatchObject({ passed: 7, failed: 0 })
  })

  it('fails a run that executed no test', () => {
    expect(countRun({ ...results, numPassedTests: 0 }, { status: 0, whole: true })).toMatchObject({ passed: 0, failed: 1 })
  })

  it('fails when jest wrote no results', () => {
    expect(countRun(undefined, { status: 137, whole: true })).toMatchObject({ passed: 0, failed: 1 })
  })

  it('counts each thing that the tests left behind as a failure, whatever became of the tests', () => {
    const left = ['one', 'two']
    expect(countRun(results, { status: 0, whole: true, left })).toEqual({ passed: 7, failed: 2, notes: left })
    expect(countRun({ ...results, numFailedTests: 1 }, { status: 1, whole: true, left })).toMatchObject({ failed: 3 })
    expect(countRun(undefined, { status: 1, whole: true, left })).toMatchObject({ passed: 0, failed: 3 })
  })

  it('fails when jest ended badly though no test failed', () => {
    expect(countRun(results, { status: 1, whole: true })).toMatchObject({ passed: 7, failed: 1 })
  })
})

describe('slowest', () => {
  it('names the slowest files first', () => {
    const file = (name: string, seconds: number): object => ({
      name: `${process.cwd()}/${name}`,
      startTime: 1000,
      endTime: 1000 + seconds * 1000,
    })
    expect(slowest({ testResults: [file('a', 1), file('b', 12.34), file('c', 2)] }, 2)).toEqual(['   12.3 s  b', '    2.0 s  c'])
  })
})
