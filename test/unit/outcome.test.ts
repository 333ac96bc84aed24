import * as errors from '../../src/outcome/errors.ts'
import { EXIT_CODES, exitOf, worstExit, type ExitCode } from '../../src/outcome/exit-codes.ts'
import { OUTCOMES } from '../../src/outcome/outcome.ts'

type ErrorClass = new (message: string, options?: errors.ErrorOptions) => errors.AkctlError

const ERROR_CLASSES: readonly (readonly [string, ErrorClass])[] = Object.entries(errors)
  .filter(([name]) => /^[A-Z].*Error$/.test(name) && name !== 'AkctlError' && name !== 'NodeError')
  .map(([name, value]) => [name, value as unknown as ErrorClass])

describe('exit codes', () => {
  const known = new Set<number>(EXIT_CODES.map(({ code }) => code))

  test.each(OUTCOMES)('%s has an exit code of the table', (outcome) => {
    expect(known.has(exitOf(outcome))).toBe(true)
  })

  test('only ok and changed end with 0', () => {
    expect(OUTCOMES.filter((outcome) => exitOf(outcome) === 0)).toEqual(['ok', 'changed'])
  })

  test('the worst decides: 70, 130, 7, 5, 6, 8, 1, 4, 10, 0', () => {
    const order: ExitCode[] = [70, 130, 7, 5, 6, 8, 1, 4, 10, 0]
    order.forEach((code, place) => {
      expect(worstExit([...order.slice(place)].reverse())).toBe(code)
    })
    expect(worstExit([])).toBe(0)
  })
})

describe('errors', () => {
  test('there are twelve classes or more, each of its own kind', () => {
    const kinds = ERROR_CLASSES.map(([, Class]) => new Class('x').kind)
    expect(kinds.length).toBeGreaterThanOrEqual(12)
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  test.each(ERROR_CLASSES)("%s: a node error's exit code is its outcome's", (_, Class) => {
    const error = new Class('what happened', { hints: ['do this'], detail: ['a log line'] })
    expect(error instanceof errors.NodeError ? exitOf(error.outcome) : error.exit).toBe(error.exit)
    expect(errors.reportOf(error)).toEqual({
      kind: error.kind,
      message: 'what happened',
      hints: ['do this'],
      detail: ['a log line'],
    })
  })

  test('an unknown thrown value is a bug, exit 70, with its stack', () => {
    const report = errors.reportOf(new TypeError('x is not a function'))
    expect(errors.exitOfError(new TypeError('x'))).toBe(70)
    expect(report).toMatchObject({ kind: 'bug', message: 'bug in akctl: x is not a function' })
    expect(report.detail?.[0]).toMatch(/at /)
    expect(errors.reportOf('a string').message).toBe('bug in akctl: a string')
  })
})
