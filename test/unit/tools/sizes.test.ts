import { oversize } from '../../../tools/sizes.mjs'

const body = (lines: number): string => `long() {\n${'  :\n'.repeat(lines - 2)}}\n`

describe('sizes of shell scripts', () => {
  it('accepts a file of 300 lines and a function of 50', () => {
    expect(oversize('a.sh', body(50) + '#\n'.repeat(250))).toEqual([])
  })

  it('names a file that is too long', () => {
    expect(oversize('a.sh', '#\n'.repeat(301))).toEqual(['a.sh: 301 lines, 300 are allowed'])
  })

  it('names a function that is too long, and where it begins', () => {
    expect(oversize('a.sh', `#\n${body(51)}${body(10)}`)).toEqual(['a.sh:2: long has 51 lines, 50 are allowed'])
  })
})
