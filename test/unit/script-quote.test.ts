// The one quoting function, held against real shells: whatever a text holds, it arrives as it is.
import { spawnSync } from 'node:child_process'
import { quote } from '../../src/script/quote.ts'

const SHELLS = [
  ['sh', ['sh', '-c']],
  ['dash', ['dash', '-c']],
  ['bash', ['bash', '-c']],
  ['busybox sh', ['busybox', 'sh', '-c']],
] as const

/** A generator of the same texts at every run (mulberry32), heavy on what shells care about. */
function texts(count: number): string[] {
  let state = 0x5eed
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  const alphabet = [
    ...Array.from(`'"\`$\\!*?[]{}()<>|&;#~=%^ \t\n\r-abz09`),
    'é',
    '漢',
    '😀',
    '\u0001',
    '\u007f',
    "''",
    '$(id)',
    '${HOME}',
    '\\n',
    '-n',
    '%s',
  ]
  return Array.from({ length: count }, () => Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]).join(''))
}

/** What a shell makes of words. */
function echoed([command, ...args]: readonly string[], words: readonly string[]): string[] {
  const script = `set -- ${words.map(quote).join(' ')}\nprintf '%s\\0' "$@"`
  const { stdout, stderr, status } = spawnSync(command ?? 'sh', [...args, script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.split('\0').slice(0, -1)
}

describe.each(SHELLS)('%s', (_, shell) => {
  test('takes every text as it is', () => {
    const words = ['', "'", "''", '\n', '\\', '-', '$HOME', '*', ...texts(2000)]
    expect(echoed(shell, words)).toEqual(words)
  })
})

test('a text that no argument can hold is refused', () => {
  expect(() => quote('a\0b')).toThrow(TypeError)
})
