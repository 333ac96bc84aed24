import { FailBudget, isFailure } from '../../src/fleet/fail-budget.ts'
import { parseShare, shareOf, shareText } from '../../src/fleet/share.ts'
import { parseSerial, wavesOf } from '../../src/fleet/waves.ts'
import { OUTCOMES } from '../../src/outcome/outcome.ts'

const nodes = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const sizes = (count: number, serial: string): number[] => wavesOf(nodes(count), parseSerial(serial)).map(({ length }) => length)

test.each([
  ['5', { amount: 5, unit: 'nodes' }],
  ['10%', { amount: 10, unit: 'percent' }],
  [' 100% ', { amount: 100, unit: 'percent' }],
])('%j is a share, and is written as it is typed', (text, share) => {
  const read = parseShare(text, '--serial')
  expect(read).toEqual(share)
  expect(shareText(read)).toBe(text.trim())
})

test.each(['', '0', '0%', '101%', '-1', '1.5', '5 %', 'all', '1e3', '99999999'])('%j is refused, naming the flag', (text) => {
  expect(() => parseShare(text, '--max-fail')).toThrow(/^--max-fail does not understand/)
})

test.each([
  [300, '1,10%,100%', [1, 30, 269]],
  [30, '1,5,100%', [1, 5, 24]],
  [10, '3', [3, 3, 3, 1]],
  [7, '1,2', [1, 2, 2, 2]],
  [3, '10%', [1, 1, 1]], // never less than one
  [5, '50%', [2, 2, 1]], // rounded down
  [2, '5', [2]],
  [0, '1', []],
])('%i nodes by --serial %s go in waves of %j', (count, serial, expected) => {
  expect(sizes(count, serial)).toEqual(expected)
})

test('for any fleet and sizes: every node once, in order, and no empty wave', () => {
  for (let count = 0; count < 60; count++) {
    for (const serial of ['1', '3', '7%', '1,10%,100%', '2,1', '100%', '50%,1', '59,1%']) {
      const waves = wavesOf(nodes(count), parseSerial(serial))
      expect(waves.flat()).toEqual(nodes(count))
      expect(waves.every((wave) => wave.length > 0)).toBe(true)
    }
  }
})

test('what counts as a failure: everything that was tried and did not end well, a node whose end was not seen too', () => {
  expect(OUTCOMES.filter(isFailure)).toEqual([
    'failed',
    'unreachable',
    'untrusted',
    'unauthorized',
    'timeout',
    'conflict',
    'unknown',
  ])
})

test('for any limit and outcomes: the budget is spent exactly when so many have failed', () => {
  for (let total = 1; total <= 40; total++) {
    for (const limit of ['1', '3', '10%', '50%', '100%']) {
      const share = parseShare(limit, '--max-fail')
      const budget = new FailBudget(share, total)
      let failures = 0
      for (let at = 0; at < total; at++) {
        const outcome = OUTCOMES[(at * 7 + total) % OUTCOMES.length] ?? 'ok'
        budget.count(outcome)
        if (isFailure(outcome)) failures++
        const percent = share.unit === 'percent' && failures * 100 > total * share.amount - 100
        const spent =
          failures >= 1 && (share.unit === 'nodes' ? failures >= share.amount : percent || failures >= shareOf(share, total))
        expect({ total, limit, failures, spent: budget.spent }).toEqual({ total, limit, failures, spent })
      }
    }
  }
})

test('without a limit nothing is ever enough', () => {
  const budget = new FailBudget(undefined, 2)
  for (let times = 0; times < 10; times++) budget.count('failed')
  expect(budget.spent).toBe(false)
})
