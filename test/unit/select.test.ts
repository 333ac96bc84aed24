import { findNode, selectNodes, type Selection } from '../../src/fleet/select.ts'
import { parseSelector } from '../../src/fleet/selector.ts'
import { nearNames } from '../../src/node/near.ts'
import type { NodeRecord } from '../../src/node/record.ts'
import { AkctlError } from '../../src/outcome/errors.ts'

function node(id: number, name: string, labels: Record<string, string> = {}): NodeRecord {
  return {
    id,
    name,
    labels,
    host: '192.0.2.1',
    directory: '/opt/mta',
    access: 'ssh',
    mta: 'postfix',
    sudo: false,
    addresses: [],
    settings: {},
    createdAt: '2026-11-24T00:00:00.000Z',
  }
}

const FLEET = [
  node(1, 'mx1', { role: 'relay', env: 'prod' }),
  node(2, 'mx2', { role: 'relay', env: 'test' }),
  node(7, 'mx3', { role: 'relay' }),
  node(9, 'out.eu', { role: 'bulk', env: 'prod', spare: '' }),
]

function names(selection: Selection, otherwise: 'all' | 'none' = 'none'): string[] {
  return selectNodes(FLEET, selection, otherwise).map(({ name }) => name)
}

function refusal(selection: Selection, nodes: readonly NodeRecord[] = FLEET): AkctlError {
  return thrownBy(() => selectNodes(nodes, selection, 'none'))
}

function thrownBy(work: () => unknown): AkctlError {
  try {
    work()
  } catch (error) {
    if (error instanceof AkctlError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test.each<[string, Selection, string[]]>([
  ['names, in the order typed', { names: ['mx3', 'mx1'] }, ['mx3', 'mx1']],
  ['ids', { names: ['9', '1'] }, ['out.eu', 'mx1']],
  ['a node named twice, by name and by id, once', { names: ['mx1', '1', 'mx1'] }, ['mx1']],
  ['all, in the order of the profile', { all: true }, ['mx1', 'mx2', 'mx3', 'out.eu']],
  ['all but some', { all: true, exclude: ['mx2,9'] }, ['mx1', 'mx3']],
  ['exclude given twice', { all: true, exclude: ['mx2', 'mx1'] }, ['mx3', 'out.eu']],
  ['a label', { selector: 'role=relay' }, ['mx1', 'mx2', 'mx3']],
  ['a label that must not be so', { selector: 'role=relay,env!=prod' }, ['mx2', 'mx3']],
  ['a selector narrowed', { selector: 'role=relay', exclude: ['mx1'] }, ['mx2', 'mx3']],
  ['a range, and what is taken from it', { names: ['mx[1-3]!mx2'] }, ['mx1', 'mx3']],
  ['what is taken away by its id', { names: ['mx[1-3]!2'] }, ['mx1', 'mx3']],
  ['what is in both, once by its id', { names: ['[1-2]&mx[1-2],2'] }, ['mx1', 'mx2']],
  ['a label in a list', { selector: 'role=relay,env in (prod, test)' }, ['mx1', 'mx2']],
  ['a label not in a list, or not there', { selector: 'env notin (prod)' }, ['mx2', 'mx3']],
  ['only the first', { all: true, exclude: ['mx1'], pick: 2 }, ['mx2', 'mx3']],
  ['names narrowed', { names: ['mx1', 'mx2'], exclude: ['2'] }, ['mx1']],
])('selects %s', (_, selection, wanted) => {
  expect(names(selection)).toEqual(wanted)
})

test('nothing named means all for lists, and is a usage error for verbs that connect', () => {
  expect(names({}, 'all')).toEqual(['mx1', 'mx2', 'mx3', 'out.eu'])
  expect(names({ exclude: ['mx1'] }, 'all')).toEqual(['mx2', 'mx3', 'out.eu'])
  expect(selectNodes([], {}, 'all')).toEqual([])
  expect(refusal({})).toMatchObject({ exit: 2, message: 'no node selected' })
  expect(refusal({ exclude: ['mx1'] })).toMatchObject({ exit: 2, message: 'no node selected' })
})

test('unknown names are all named, in one refusal of exit 9, with what may have been meant', () => {
  const error = refusal({ names: ['mx1', 'mx22', '99', 'mx1'], exclude: ['ou.eu'] })
  expect(error).toMatchObject({ exit: 9, message: 'no such nodes: mx22, 99, ou.eu; nothing was done on any node' })
  expect(error.hints).toContain('did you mean mx2 (for mx22)?')
  expect(error.hints).toContain('did you mean out.eu (for ou.eu)?')
})

test('a name that only an object would know is no node and no label', () => {
  expect(refusal({ names: ['constructor'] }).exit).toBe(9)
  expect(parseSelector('constructor')({})).toBe(false)
  expect(parseSelector('toString!=x')({})).toBe(true)
})

test('a selection that matches nothing is exit 9 and says why', () => {
  expect(refusal({ selector: 'role=gone' })).toMatchObject({ exit: 9, message: "no node matches -l 'role=gone'" })
  expect(refusal({ names: ['mx1'], exclude: ['mx1'] })).toMatchObject({ exit: 9, message: 'nothing is left of mx1' })
  expect(refusal({ all: true, exclude: ['mx[1-3],out.eu'] })).toMatchObject({ message: 'everything selected is excluded' })
  expect(refusal({ all: true }, [])).toMatchObject({ exit: 9, message: 'this profile has no nodes yet' })
})

test.each<Selection>([
  { names: ['mx1'], all: true },
  { names: ['mx1'], selector: 'role=relay' },
  { selector: 'role=relay', all: true },
])('two ways of selecting at a time are refused: %j', (selection) => {
  expect(refusal(selection)).toMatchObject({ exit: 2 })
})

describe('selectors', () => {
  const labels = { role: 'relay', env: 'prod', spare: '' }
  test.each<[string, boolean]>([
    ['role=relay', true],
    ['role==relay', true],
    ['role=bulk', false],
    ['role = relay , env = prod', true],
    ['role!=bulk', true],
    ['role!=relay', false],
    ['none!=x', true],
    ['none=x', false],
    ['spare', true],
    ['none', false],
    ['!none', true],
    ['!spare', false],
    ['spare=', true],
    ['spare!=', false],
    ['role=relay,env=test', false],
  ])('%s is %s', (text, wanted) => {
    expect(parseSelector(text)(labels)).toBe(wanted)
  })

  test.each(['', 'a=b,', '=b', '!a=b', 'a b=c', 'a!b', '!', ',', 'a>b'])('%j is refused, naming the forms allowed', (text) => {
    const error = thrownBy(() => parseSelector(text))
    expect([error.exit, error.hints[0]]).toEqual([2, expect.stringContaining('key!=value')])
  })
})

test('findNode finds by name or id, or says what is near', () => {
  expect(findNode(FLEET, '7').name).toBe('mx3')
  expect(findNode(FLEET, 'mx1').id).toBe(1)
  const error = thrownBy(() => findNode(FLEET, 'out'))
  expect([error.exit, error.hints[0]]).toEqual([9, 'did you mean out.eu (for out)?'])
})

describe('near names', () => {
  test.each<[string, string[]]>([
    ['mx11', ['mx1', 'mx2', 'mx3']],
    ['MX2', ['mx2', 'mx1', 'mx3']],
    ['zzzz', []],
    ['ou', ['out.eu']],
    ['x', []],
  ])('of %s are %j', (word, wanted) => {
    expect(nearNames(word, ['mx1', 'mx2', 'mx3', 'mx4567', 'out.eu'])).toEqual(wanted)
  })

  test.each<[string, string[]]>([
    ['dns-timeout', ['dns-lookup-timeout']],
    ['connection-timeout', ['esmtp-connection-timeout']],
    ['timeout-dns', []],
    ['timeout', []],
  ])('the words of %s are those of %j', (word, wanted) => {
    expect(nearNames(word, ['dns-lookup-timeout', 'esmtp-connection-timeout', 'profiling'])).toEqual(wanted)
  })
})

test('a range that names nodes which are not there is refused whole, told as a set', () => {
  expect(refusal({ names: ['mx[1-40]'] }).message).toBe('no such nodes: mx[4-40]; nothing was done on any node')
})

test('an unknown name behind a minus is refused: what was meant to be left out would be acted on', () => {
  expect(refusal({ names: ['mx[1-3]!mx22'] }).message).toBe('no such node: mx22; nothing was done on any node')
})

test('a set of which nothing is left', () => {
  expect(refusal({ names: ['mx1&mx2'] }).message).toBe('nothing is left of mx1&mx2')
})

test('files without a name are a selection of nothing; nothing else is', () => {
  const sources = {
    groups: new Map([['none', '']]),
    text: (source: string) => (source === '@file:one' ? 'mx1\n' : '# all went well\n'),
  }
  const select = (selection: Selection): readonly NodeRecord[] => selectNodes(FLEET, selection, 'all', sources)
  expect([select({ names: ['@file:a', '@file:b'] }), select({ names: ['@file:a'], pick: 1 })]).toEqual([[], []])
  for (const names of [['-'], ['@file:a,-'], ['@file:a', '@none'], ['@file:one&@file:a'], ['@file:a!mx1']]) {
    expect(thrownBy(() => select({ names }))).toMatchObject({ exit: 9, message: `nothing is left of ${names.join(' ')}` })
  }
  expect(thrownBy(() => select({ names: ['@file:one'], exclude: ['mx1'] }))).toMatchObject({ exit: 9 })
})

test.each(['env in prod', 'env in ()', 'env in (a,,b)', 'env on (a)', 'in (a)'])('the selector %j is refused', (text) => {
  expect(thrownBy(() => parseSelector(text)).message).toContain('does not understand')
})
