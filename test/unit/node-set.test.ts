// The oracle is ClusterShell (Debian's clustershell), asked once for all cases.
import { execFileSync } from 'node:child_process'
import { foldNames } from '../../src/fleet/node-set/fold.ts'
import { filesOf, groupsOf, readNodeSet, type SetSources } from '../../src/fleet/node-set/node-set.ts'

const ORACLE = `
import sys
from ClusterShell.NodeSet import NodeSet, RESOLVER_NOGROUP
for line in sys.stdin:
    try:
        nodes = NodeSet(line.rstrip(), resolver=RESOLVER_NOGROUP)
        print('\\t'.join([str(nodes)] + list(nodes)))
    except Exception as error:
        print('refused')
`

interface Answer {
  readonly folded: string
  readonly names: readonly string[]
}

/** What ClusterShell makes of each set; undefined: it refuses it. */
function oracle(sets: readonly string[]): readonly (Answer | undefined)[] {
  const out = execFileSync('/usr/bin/python3', ['-c', ORACLE], {
    input: sets.map((set) => `${set}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [folded = '', ...names] = line.split('\t')
      return folded === 'refused' ? undefined : { folded, names: names.toSorted() }
    })
}

const NONE: SetSources = { group: () => undefined, text: () => '' }
const expand = (text: string, sources = NONE): readonly string[] => readNodeSet(text, sources).names

/** Repeatable random numbers (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** A set as somebody might type it: few prefixes and small numbers, so that operands meet. */
function randomSet(seed: number): string {
  const pick = random(seed)
  const number = (): number => pick(14)
  const range = (): string => {
    const [first, length, width] = [number(), pick(9), pick(3)]
    const [from, to] = [first, first + (pick(40) === 0 ? -1 : length)].map((end) =>
      String(end).padStart(width === 2 ? 2 : 0, '0'),
    )
    if (pick(3) === 0) return from ?? ''
    return `${from}-${to}${pick(4) === 0 ? `/${1 + pick(3)}` : ''}`
  }
  const pattern = (): string => {
    const prefix = ['mx', 'mx', 'out.eu', 'a-'][pick(4)] ?? ''
    if (pick(4) === 0) return `${prefix}${number()}`
    const list = Array.from({ length: 1 + pick(3) }, range).join(',')
    return `${prefix}[${list}]${pick(6) === 0 ? `-dc[${range()}]` : ''}`
  }
  let text = pattern()
  for (let more = pick(4); more > 0; more--) text += `${[',', '!', '&', '^'][pick(4)] ?? ','}${pattern()}`
  return text
}

const CASES = Array.from({ length: 1500 }, (_, seed) => randomSet(seed + 1))

test('for any set: the same names as ClusterShell, and what it refuses is refused', () => {
  const answers = oracle(CASES)
  expect(answers).toHaveLength(CASES.length)
  const ours = CASES.map((text) => {
    try {
      return { text, names: expand(text).toSorted() }
    } catch {
      return { text, names: undefined }
    }
  })
  expect(ours).toEqual(CASES.map((text, index) => ({ text, names: answers[index]?.names })))
  expect(answers.filter((answer) => answer === undefined).length).toBeGreaterThan(10)
})

test('for any names: what is folded is the same names again for both, and has no more ranges than what ClusterShell makes', () => {
  const sets = CASES.flatMap((text) => {
    try {
      const names = expand(text)
      return names.length === 0 ? [] : [names]
    } catch {
      return []
    }
  })
  const folded = sets.map((names) => foldNames(names))
  const back = oracle(folded)
  const theirs = oracle(sets.map((names) => names.join(',')))
  for (const [index, names] of sets.entries()) {
    const wanted = names.toSorted()
    const text = folded[index] ?? ''
    expect({ text, names: expand(text).toSorted() }).toEqual({ text, names: wanted })
    expect({ text, names: back[index]?.names }).toEqual({ text, names: wanted })
    // Of several numbers a name theirs tries more.
    if (text.includes('-dc')) continue
    const ranges = [text, theirs[index]?.folded ?? ''].map((set) => set.split(',').length)
    expect({ text, ranges: ranges[0] }).toEqual({ text, ranges: Math.min(...ranges) })
  }
})

test.each([
  [['mx01', 'mx02', 'mx03', 'mx05'], 'mx[01-03,05]'],
  [['mx9', 'mx10', 'mx11'], 'mx[9-11]'],
  [['mx09', 'mx10', 'mx8'], 'mx[8,09-10]'],
  [['b', 'a', 'a'], 'a,b'],
  [['mx1-dc1', 'mx1-dc2', 'mx2-dc1', 'mx2-dc2', 'mx3-dc1'], 'mx[1-2]-dc[1-2],mx3-dc1'],
  [['mx1'], 'mx1'],
  [[], ''],
])('%j folds to %s', (names, folded) => {
  expect(foldNames(names)).toBe(folded)
})

const GROUPS: Readonly<Record<string, string>> = {
  prod: 'mx[1-4]',
  relays: '@prod!mx4,mx9',
  loop: 'mx1,@pool',
  pool: '@loop',
}
const SOURCES: SetSources = {
  group: (name) => GROUPS[name],
  text: (source) => ({ '@file:failed.txt': 'mx1 # slow\n\n# all:\nmx[3-4]\n@relays\n', '-': 'mx7\nmx8\n' })[source] ?? '@file:x',
}

test('groups, files and stdin, and a group of groups', () => {
  expect(expand('@relays', SOURCES)).toEqual(['mx1', 'mx2', 'mx3', 'mx9'])
  expect(expand('@file:failed.txt', SOURCES)).toEqual(['mx1', 'mx3', 'mx4', 'mx2', 'mx9'])
  expect(expand('@prod&@file:failed.txt!mx2,-', SOURCES)).toEqual(['mx1', 'mx3', 'mx4', 'mx7', 'mx8'])
  expect(filesOf('@prod,@file:a,-!@file:b')).toEqual(['@file:a', '-', '@file:b'])
  expect(groupsOf('@prod,@file:a,-!@relays')).toEqual(['prod', 'relays'])
  expect(readNodeSet('mx[1-3]!mx2', NONE)).toEqual({ names: ['mx1', 'mx3'], without: ['mx2'] })
})

test.each([
  ['mx[1-3', "'[' without a ']' after it (character 3)"],
  ['mx1]', "']' without a '[' before it (character 4)"],
  ['mx[a]', "'a' is no range: give 3, 1-40 or 1-40/2 (character 4)"],
  ['mx[1,]', "'' is no range"],
  ['mx1,mx[3-1]', '3-1 ends before it begins (character 8)'],
  ['mx[08-010]', 'the ends of 08-010 have not the same number of digits'],
  ['mx[1-9/0]', 'the step of 1-9/0 is 0'],
  ['mx[1-999999999]', 'more than 100000 names'],
  ['a[1-999]b[1-999]', 'more than 100000 names'],
  ['a[1-99999],b[1-99999]', 'more than 100000 names'],
  ['', 'nothing in it'],
  ['mx1,,mx2', "nothing before ',' (character 5)"],
  ['!mx1', "nothing before '!' (character 1)"],
  ['mx1!', "nothing after '!' (character 5)"],
])('%j is refused, saying where', (text, message) => {
  expect(() => expand(text)).toThrow(message)
})

test('a group that is not there, one that holds itself, and a file that names a file are refused', () => {
  expect(() => expand('@nope', SOURCES)).toThrow('there is no group nope')
  expect(() => expand('@loop', SOURCES)).toThrow('the group loop holds itself: loop -> pool -> loop')
  expect(() => expand('@file:other', SOURCES)).toThrow('a file of nodes cannot name another file: @file:x')
})
