import { checkName, nameProblem, type NameKind } from '../../src/node/names.ts'
import { UsageError } from '../../src/outcome/errors.ts'

const KINDS: readonly NameKind[] = ['node', 'key', 'profile']

describe.each(KINDS)('the name of a %s', (kind) => {
  test.each(['a', 'mx1', '1a', 'mx-01.eu_west', 'a.', '0x', 'x'.repeat(63)])('%s is allowed', (text) => {
    expect(checkName(kind, text)).toBe(text)
  })

  test.each([
    ...['', 'x'.repeat(64), 'MX1', '-a', '.a', '_a', '..', 'a/b', '../a', 'a b', 'a\n', '\na', 'mx[1-3]', '@g', 'ä', 'a\0'],
    ...['1', '0', '12345', 'a,b', 'a=b', '*'],
  ])('%j is refused by a message that says what is allowed', (text) => {
    expect(() => checkName(kind, text)).toThrow(UsageError)
    expect(() => checkName(kind, text)).toThrow(`name for a ${kind}: give 1 to 63 characters of a-z, 0-9`)
  })
})

test('a key is not called agent, which stands for the ssh-agent, nor like a public key file', () => {
  expect(nameProblem('key', 'agent')).toContain('ssh-agent')
  expect(nameProblem('key', 'mx.pub')).toContain('.pub')
  expect(nameProblem('node', 'agent')).toBeUndefined()
  expect(nameProblem('profile', 'mx.pub')).toBeUndefined()
})
