import { parseDocument } from 'yaml'
import { plainTree } from '../../src/operations/fleet/plain-yaml.ts'
import { readYaml, YAML_OPTIONS } from '../../src/operations/fleet/yaml.ts'
import { random } from '../support/random.ts'

// The quick reader and the library must never read one text as two things. The quick one may give up; it must not guess.

const SAMPLE = `---
# a fleet
version: 1
defaults: # of all
  esmtp-connection-timeout: 30s   # slow
  mta-observer: on
groups:
  eu: mx[01-40]!mx07
  all: "@eu"
nodes:

  # the first
  mx1:
    host: mx1.example.com
    dir: /opt/akmta
    addresses: [203.0.113.5, 2001:db8::5]
    labels: {}
    service: 'postfix@-'
  mx2:
    host: 10.0.0.2
    dir: /opt/a
    jump: ops@bastion:22
    addresses:
      - 203.0.113.6
      - 203.0.113.7
    settings:
      spool-readers: 4
  mx3:
`

/** What the library makes of a text; undefined when it refuses it. */
function byLibrary(text: string): unknown {
  const document = parseDocument(text, YAML_OPTIONS)
  if (document.errors.length + document.warnings.length > 0) return undefined
  return document.toJS()
}

const SPLINTERS = [
  ...[
    ' ',
    '  ',
    '\n',
    '\n  ',
    ':',
    ': ',
    '#',
    ' #',
    '- ',
    '-',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
    '&a ',
    '*a',
    '<<',
    '|',
    '>',
    '?',
  ],
  ...[
    '!',
    '%',
    '@',
    '`',
    '~',
    '\\',
    '\t',
    '\r',
    '\u00a0',
    '\u2028',
    '...',
    '---',
    '= ',
    'a',
    'mx1:',
    'x: y',
    '{}',
    '[]',
    '[a]',
    '0',
    '',
  ],
]

describe('the quick reader', () => {
  test('reads what export writes and people usually write, as the library does', () => {
    expect(plainTree(SAMPLE)).toEqual(byLibrary(SAMPLE))
    expect(plainTree(SAMPLE)).toMatchObject({
      defaults: { 'mta-observer': 'on' },
      nodes: { mx2: { settings: { 'spool-readers': '4' } } },
    })
  })

  test('never reads a text otherwise than the library, however it is damaged', () => {
    const below = random(20_261_124)
    const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
    let read = 0
    const otherwise: object[] = []
    for (let round = 0; round < 4000; round++) {
      let text = SAMPLE
      for (let cuts = 1 + below(3); cuts > 0; cuts--) {
        const at = below(Math.max(1, text.length))
        text = text.slice(0, at) + pick(SPLINTERS) + text.slice(at + below(3))
      }
      const quick = plainTree(text)
      if (quick === undefined) continue
      read++
      if (JSON.stringify(quick) !== JSON.stringify(byLibrary(text))) otherwise.push({ text, quick, library: byLibrary(text) })
    }
    expect(otherwise).toEqual([])
    expect(read).toBeGreaterThan(300)
  })

  test.each([
    ['an alias', 'a: &x b\nc: *x\n'],
    ['a merge key', 'a:\n  <<: *x\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['a tab', 'a:\n\tb: 1\n'],
    ['a second document', 'a: 1\n---\nb: 2\n'],
    ['a block scalar', 'a: |\n  b\n'],
    ['a scalar of two lines', 'a: b\n  c\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a flow mapping', 'a: { b: c }\n'],
    ['a quoted key', '"a": b\n'],
    ['the key __proto__', '__proto__:\n  a: b\n'],
    ['nothing', '# only a comment\n'],
  ])('leaves %s to the library', (_, text) => {
    expect(plainTree(text)).toBeUndefined()
  })

  test('takes names of every kind as keys', () => {
    const tree = plainTree('constructor:\n  toString: x\n')
    expect(Object.keys(tree ?? {})).toEqual(['constructor'])
    expect(tree).toEqual(byLibrary('constructor:\n  toString: x\n'))
  })
})

describe('the library', () => {
  const treeOf = async (text: string): Promise<unknown> => (await readYaml(text)).tree
  const problems = async (text: string): Promise<readonly string[]> =>
    (await readYaml(text)).problems.map(({ line, col, text: words }) => `${line}:${col} ${words}`)

  test('reads scalars as they are typed, and resolves aliases and merge keys', async () => {
    expect(await treeOf('a: &x { k: 1.10, on: yes }\nb:\n  <<: *x\n  k: 2\nc: *x\nd: [*x]\n')).toEqual({
      a: { k: '1.10', on: 'yes' },
      b: { k: '2', on: 'yes' },
      c: { k: '1.10', on: 'yes' },
      d: [{ k: '1.10', on: 'yes' }],
    })
  })

  test.each<[string, string, string]>([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', '3:1 the key "a" is here twice'],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1 a second document begins here: a fleet file is one document'],
    ['a tab', 'a:\n\tb: 1\n', '2:1 a tab: YAML is indented by spaces'],
    ['a tag', 'a: !!int 3\n', '1:4 Unresolved tag: tag:yaml.org,2002:int'],
    ['an anchor that is not there', 'a: *nope\n', '1:4 there is no anchor &nope before this alias'],
    ['an anchor that comes later', 'a: *x\nb: &x c\n', '1:4 there is no anchor &x before this alias'],
    ['a key that is no word', '? [a]\n: b\n', '1:3 a key must be a word'],
    ['a merge of a word', 'a: &x b\nc:\n  <<: *x\n', '3:3 << takes an alias of a mapping, or a list of such'],
    ['an alias of what is around it', 'a: &x\n  b: *x\n', '2:3 nested deeper than 20 levels'],
    ['the key __proto__', '__proto__: 1\n', '1:1 __proto__ is no key'],
  ])('refuses %s, and says where', async (_, text, words) => {
    expect(await problems(text)).toEqual([words])
  })

  test('stops at a bomb of aliases before it fills the memory', async () => {
    const level = (index: number): string =>
      `a${index}: &a${index} [${Array(9)
        .fill(`*a${index - 1}`)
        .join(',')}]`
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]', ...Array.from({ length: 15 }, (_, index) => level(index + 1))].join('\n')
    expect(await problems(bomb)).toEqual([expect.stringMatching(/^\d+:\d+ aliases add up to more than 1000000 values$/)])
  })

  test('lets an anchor be used by every node of a large fleet', async () => {
    const nodes = Array.from({ length: 3000 }, (_, index) => `  mx${index}:\n    <<: *usual\n    host: h${index}\n`).join('')
    const tree = (await treeOf(`x: &usual\n  dir: /opt/a\n  sudo: true\nnodes:\n${nodes}`)) as { nodes: Record<string, unknown> }
    expect(tree.nodes['mx2999']).toEqual({ dir: '/opt/a', sudo: 'true', host: 'h2999' })
  })
})
