// The oracle is ClusterShell (Debian's clustershell), asked once for all cases.
import { execFileSync } from 'node:child_process'
import { foldNames } from '../../src/fleet/node-set/fold.ts'
import { readNodeSets, type SetSources } from '../../src/fleet/node-set/node-set.ts'
import { rewriteNodeSet } from '../../src/fleet/node-set/rewrite.ts'
import { filesOf, groupsOf } from '../../src/fleet/node-set/terms.ts'
import { AkctlError } from '../../src/outcome/errors.ts'
import { random } from '../support/random.ts'

const ORACLE = `
import json, sys
from ClusterShell.NodeSet import NodeSet
from ClusterShell.NodeUtils import GroupResolver, GroupSource
groups = GroupResolver(GroupSource('profile', json.loads(sys.argv[1])))
for line in sys.stdin:
    try:
        nodes = NodeSet(line.rstrip(), resolver=groups)
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
  const out = execFileSync('/usr/bin/python3', ['-c', ORACLE, JSON.stringify(GROUPS)], {
    input: sets.map((set) => `${set}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return out
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const [folded = '', ...names] = line.split('\t')
      return folded === 'refused' ? undefined : { folded, names: names.toSorted() }
    })
}

const GROUPS: Readonly<Record<string, string>> = {
  prod: 'mx[1-4]',
  relays: '@prod!mx4,mx9',
  odd: '@prod^mx[3-8]&mx[1-9/2],a-1',
}
const SOURCES: SetSources = {
  groups: new Map([...Object.entries(GROUPS), ['loop', 'mx1,@pool'], ['pool', '@loop'], ['empty', ''], ['bad', '@prod,mx[2']]),
  text: (source) => ({ '@file:failed.txt': 'mx1 # slow\n\n# all:\nmx[3-4]\n@relays\n', '-': 'mx7\nmx8\n' })[source] ?? '@file:x',
}
const expand = (text: string, sources = SOURCES): readonly string[] => readNodeSets([text], sources).names

/** What it gives, or undefined when it is refused. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function thrown(work: () => unknown): AkctlError {
  try {
    work()
  } catch (error) {
    if (error instanceof AkctlError) return error
    throw error
  }
  throw new Error('it was not refused')
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
    if (pick(6) === 0) return ['@prod', '@relays', '@odd'][pick(3)] ?? ''
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
  const ours = CASES.map((text) => ({ text, names: attempt(() => expand(text).toSorted()) }))
  expect(ours).toEqual(CASES.map((text, index) => ({ text, names: answers[index]?.names })))
  expect(answers.filter((answer) => answer === undefined).length).toBeGreaterThan(10)
})

/** Names whose numbers lie around where they get a digit more, up to 1000, each filled up with zeros to some width. */
function randomNames(seed: number): readonly string[] {
  const pick = random(seed)
  const around = (): number => Math.max(0, 10 ** pick(4) - 1 - pick(6))
  const runs = Array.from({ length: 1 + pick(4) }, () => ({ first: around(), length: 1 + pick(12), width: pick(5) }))
  const all = runs.flatMap(({ first, length, width }) =>
    Array.from({ length }, (_, index) => `mx${String(first + index).padStart(width, '0')}`),
  )
  return [...new Set(all)]
}

const NAMES = Array.from({ length: 600 }, (_, seed) => randomNames(seed + 1))

test('for any names: what is folded is the same names again for both, and has no more ranges than what ClusterShell makes', () => {
  const typed = CASES.map((text) => attempt(() => expand(text)) ?? []).filter((names) => names.length > 0)
  const sets = [...typed, ...NAMES]
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
  [['mx0', 'mx9', 'mx10', 'mx09'], 'mx[0,9-10,09]'],
  [['mx098', 'mx099', 'mx100', 'mx98', 'mx99'], 'mx[98-100,098-099]'],
  [['mx98', 'mx099', 'mx0999', 'mx1000', 'mx99', 'mx100', 'mx01000'], 'mx[98-100,099,0999-1000,01000]'],
  [['b', 'a', 'a'], 'a,b'],
  [['mx1-dc1', 'mx1-dc2', 'mx2-dc1', 'mx2-dc2', 'mx3-dc1'], 'mx[1-2]-dc[1-2],mx3-dc1'],
  [['mx1'], 'mx1'],
  [['mx1234567890123456', 'mx1234567890123457', 'mx999999999999999'], 'mx999999999999999,mx1234567890123456,mx1234567890123457'],
  [[], ''],
])('%j folds to %s', (names, folded) => {
  expect(foldNames(names)).toBe(folded)
})

test('groups, files and stdin, and a group of groups', () => {
  expect(expand('@relays')).toEqual(['mx1', 'mx2', 'mx3', 'mx9'])
  expect(expand('@file:failed.txt')).toEqual(['mx1', 'mx3', 'mx4', 'mx2', 'mx9'])
  expect(expand('@prod&@file:failed.txt!mx2,-')).toEqual(['mx1', 'mx3', 'mx4', 'mx7', 'mx8'])
  expect(filesOf('@prod,@file:a,-!@file:b')).toEqual(['@file:a', '-', '@file:b'])
  expect(groupsOf('@prod,@file:a,-!@relays')).toEqual(['prod', 'relays'])
  expect(readNodeSets(['mx[1-3]!mx2', 'mx2', '@relays'], SOURCES)).toEqual({
    names: ['mx1', 'mx3', 'mx2', 'mx9'],
    without: ['mx2', 'mx4'],
  })
  expect(expand('@empty,mx1,@empty')).toEqual(['mx1'])
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

test.each([
  ['@loop', 'the group loop holds itself: loop -> pool -> loop'],
  ['mx1,@bad', "'@prod,mx[2' is no set of nodes: '[' without a ']' after it (character 9, in the group bad)"],
  ['@file:other', 'a file of nodes cannot name another file, in line 1 of other: @file:x'],
])('%j is refused for what it leads to, which is named', (text, message) => {
  expect(() => expand(text)).toThrow(expect.objectContaining({ exit: 2, message }) as Error)
})

test('an unknown group is refused as an unknown node is, with what is near', () => {
  const refused = thrown(() => expand('mx1,@prot'))
  expect(refused).toMatchObject({ exit: 9, message: 'no such group: prot' })
  expect(refused.hints).toContain('did you mean @prod?')
})

test('what would be too large is refused, wherever it comes from, before it is made', () => {
  const texts: Readonly<Record<string, string>> = {
    '@file:lines': Array.from({ length: 50_000 }, (_, line) => `n${line}-[1-99999]`).join('\n'),
    '@file:groups': '@many\n'.repeat(150_000),
    '@file:bad': 'mx1\n\nmx[1-\n',
  }
  // Each group names the one before twice: 2^60 names if they were read one by one.
  const doubled = Array.from({ length: 60 }, (_, level) => [`g${level + 1}`, `@g${level},@g${level}`] as const)
  const groups = new Map([['g0', 'mx[1-9]'], ['many', 'mx[1-99999]'], ...doubled])
  const sources = { groups, text: (source: string) => texts[source] ?? '' }
  expect(() => expand('@file:lines', sources)).toThrow('more than 100000 names (character 1, in line 2 of lines)')
  expect(() => expand('@file:groups', sources)).toThrow(/more than 100000 names \(character 1, in line \d of groups\)/)
  expect(() => expand('@file:bad', sources)).toThrow("'[' without a ']' after it (character 3, in line 3 of bad)")
  expect(() => readNodeSets(['a[1-60000]', 'b[1-60000]'], sources)).toThrow('more than 100000 names')
  expect(expand('@g60', sources)).toHaveLength(9)
  expect(expand(Array.from({ length: 50_000 }, (_, at) => `mx${at}`).join(','))).toHaveLength(50_000)
})

describe('a set in which a node is renamed or gone', () => {
  const renamed = (text: string): string | undefined => rewriteNodeSet(text, (name) => (name === 'mx2' ? 'old' : name))
  const without = (text: string): string | undefined => rewriteNodeSet(text, (name) => (name === 'mx2' ? undefined : name))

  test.each<[string, string | undefined, string | undefined]>([
    ['', '', ''],
    ['mx3, mx[4-5]!@relays', 'mx3,mx[4-5]!@relays', 'mx3,mx[4-5]!@relays'],
    ['mx2', 'old', ''],
    ['mx[1-3],a', 'mx[1,3],old,a', 'mx[1,3],a'],
    ['@prod!mx2', '@prod!old', '@prod'],
    ['@prod!mx[1-2],b', '@prod!mx1!old,b', '@prod!mx1,b'],
    ['@prod^mx[1-2]', '@prod^mx1^old', '@prod^mx1'],
    ['@prod&mx2', '@prod&old', ''],
    ['@prod&mx2,b', '@prod&old,b', 'b'],
    ['mx2!@prod&c', 'old!@prod&c', ''],
    ['@prod&mx[1-3]', undefined, '@prod&mx[1,3]'],
  ])('%j', (text, wanted, left) => {
    expect([renamed(text), without(text)]).toEqual([wanted, left])
  })

  test('names the same nodes as before, for any set', () => {
    const sources = { ...SOURCES, groups: new Map(Object.keys(GROUPS).map((name) => [name, 'a-[1-3],out.eu7'])) }
    const sets = CASES.filter((text) => attempt(() => expand(text, sources)) !== undefined)
    for (const text of sets) {
      const before = expand(text, sources)
      const [gone, after] = [without(text) ?? '', renamed(text)]
      const left = gone === '' ? [] : expand(gone, sources)
      expect({ text, names: left.toSorted() }).toEqual({ text, names: before.filter((name) => name !== 'mx2').toSorted() })
      if (after === undefined) continue
      const names = before.map((name) => (name === 'mx2' ? 'old' : name))
      expect({ text, names: expand(after, sources).toSorted() }).toEqual({ text, names: names.toSorted() })
    }
    expect(sets.length).toBeGreaterThan(1000)
  })
})
