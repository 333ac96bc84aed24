import type { FleetChanges } from '../../src/operations/fleet/changes.ts'
import { changesProblem } from '../../src/operations/fleet/plan-check.ts'
import type { NodeSpec } from '../../src/operations/nodes/merge.ts'
import { JUMP, WHOLE } from '../support/node-spec.ts'

const problemOf = (change: Partial<NodeSpec>): string | undefined =>
  changesProblem({ put: [{ spec: { ...WHOLE, ...change }, settings: {} }], remove: [] })

test('what a fleet file can say is no problem', () => {
  expect(problemOf({})).toBeUndefined()
  expect(changesProblem({ ...nothing(), defaults: { 'spool-readers': 3 }, groups: [{ name: 'eu', nodes: 'mx[1-2]' }] })).toBe(
    undefined,
  )
})

function nothing(): FleetChanges {
  return { put: [], remove: [] }
}

test.each<[string, Partial<NodeSpec>]>([
  ['name', { name: '-rf' }],
  ['host', { host: 'a b' }],
  ['port', { port: 65_536 }],
  ['dir', { directory: 'opt/akmta' }],
  ['user', { user: 'a b' }],
  ['key', { key: '../key' }],
  ['jump', { jump: { ...JUMP, host: 'a b' } }],
  ['jump', { jump: { ...JUMP, port: 65_536 } }],
  ['jump', { jump: { ...JUMP, user: '-oProxyCommand=x' } }],
  ['jump-key', { jump: { ...JUMP, key: '../key' } }],
  ['service', { service: '--now' }],
  ['address', { addresses: ['203.0.113.500'] }],
  ['label', { labels: { 'a b': 'c' } }],
])('what could not be typed is told by its field: %s', (field, change) => {
  expect(problemOf(change)).toMatch(new RegExp(`^changes\\.put\\.0\\.spec: ${field}: .`))
})

test('fields that do not go together', () => {
  expect(problemOf({ access: 'https' })).toMatch(/^changes\.put\.0\.spec: /)
  expect(problemOf({ access: 'local' })).toMatch(/^changes\.put\.0\.spec: /)
})

test('settings, names that are there twice, and groups, each by its place', () => {
  const node = { spec: WHOLE, settings: {} }
  const bad = { 'spool-readers': 1e9 } as const
  const second = { ...WHOLE, name: 'mx2' }
  const problems = [
    changesProblem({ ...nothing(), defaults: bad }),
    changesProblem({ ...nothing(), put: [node, { spec: second, settings: bad }] }),
    changesProblem({ ...nothing(), put: [node, node] }),
    changesProblem({ ...nothing(), groups: [{ name: 'a b', nodes: 'mx1' }] }),
    changesProblem({ ...nothing(), groups: [{ name: 'eu', nodes: 'mx[1-' }] }),
  ]
  expect(problems).toEqual([
    expect.stringMatching(/^changes\.defaults\.spool-readers: ./),
    expect.stringMatching(/^changes\.put\.1\.settings\.spool-readers: ./),
    'changes.put.1.spec.name: mx1 is there twice',
    expect.stringMatching(/^changes\.groups\.0\.name: ./),
    expect.stringMatching(/^changes\.groups\.0\.nodes: ./),
  ])
})
