import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Selection } from '../../src/fleet/select.ts'
import { type FleetPlan, planFleet } from '../../src/operations/fleet/plan.ts'
import { planIn, writePlan } from '../../src/operations/fleet/plan-file.ts'
import { FleetSource, textOf } from '../../src/operations/fleet/read.ts'
import type { NodeGroup } from '../../src/profile/profile.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'

const memoryWorld = memoryWorlds()
const folder = tempDir()

const HERE = (name: string, more = ''): string => `  ${name}:\n    access: local\n    dir: /opt/${name}\n${more}`
const FILE = (nodes: string, more = ''): string => `version: 1\n${more}nodes:\n${nodes}`

interface Wish {
  readonly prune?: boolean
  readonly ask?: boolean
  readonly selection?: Selection
}

async function plan(
  world: MemoryWorld,
  text: string,
  { prune = false, ask = false, selection = {} }: Wish = {},
): Promise<FleetPlan> {
  const source = await FleetSource.parse('fleet.yaml', text)
  return planFleet(world.context, source, { selection, prune, ask: ask ? 4 : undefined })
}

/** What is planned for each node, in words. */
function actions({ report }: FleetPlan): readonly unknown[] {
  return report.nodes.map(({ node, result }) => [node, result?.action, result?.syncs])
}

async function groups(world: MemoryWorld, named: readonly NodeGroup[]): Promise<void> {
  await world.profile.update((data) => ({ data: { ...data, groups: named }, result: undefined }))
}

test('a profile that is as the file says differs in nothing, however it is spelled', async () => {
  const world = await memoryWorld(['mx1'])
  const { report } = await plan(
    world,
    FILE('  mx1: { access: local, host: LOCALHOST, dir: "/opt/mx1/", mta: postfix, sudo: no }\n'),
  )
  expect(report).toMatchObject({ nodes: [], differences: false, data: { create: 0, change: 0, sync: 0, unlisted: 0 } })
})

test('creates, changes of fields and of settings are told from one another; what is not in the file is only counted', async () => {
  const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
  const file = FILE(
    HERE('mx2', '    settings: { spool-readers: 4 }\n') +
      HERE('mx1', '    labels: { role: relay }\n') +
      HERE('new', '    settings: { profiling: on }\n'),
    'defaults: { esmtp-connection-timeout: 30s }\n',
  )
  const { report } = await plan(world, file)
  expect(report.data).toMatchObject({ create: 1, change: 2, delete: 0, sync: 3, unlisted: 1, asked: false })
  expect(report.data.defaults).toEqual([{ key: 'esmtp-connection-timeout', wanted: 30 }])
  expect(report.nodes).toMatchObject([
    { node: 'mx1', result: { action: 'change', fields: [{ field: 'labels', from: '-', to: 'role=relay' }], settings: [] } },
    { node: 'mx2', result: { action: 'change', fields: [], settings: [{ key: 'spool-readers', wanted: 4 }] } },
    { node: 'new', result: { action: 'create', syncs: true, settings: [{ key: 'profiling', wanted: true }] } },
  ])
  expect(world.notes).toEqual(['the changed defaults are felt by nodes that are not told here: mx3; for them: akctl mta sync'])
  expect((await world.profile.read()).nodes).toHaveLength(3)
})

test('with --prune what the file does not name is deleted, but not what it has no section for', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await groups(world, [
    { name: 'eu', nodes: 'mx1' },
    { name: 'us', nodes: 'mx2' },
  ])
  const whole = await plan(world, FILE(HERE('mx1'), 'groups: { eu: "mx[1]" }\n'), { prune: true })
  expect(whole.report.data).toMatchObject({
    delete: 1,
    unlisted: 0,
    groups: [
      { name: 'eu', from: 'mx1', to: 'mx[1]' },
      { name: 'us', from: 'mx2' },
    ],
  })
  expect(actions(whole)).toEqual([['mx2', 'delete', false]])
  expect((await plan(world, 'version: 1\n', { prune: true })).report).toMatchObject({
    differences: false,
    data: { delete: 0, groups: [] },
  })
  const kept = await plan(world, FILE(HERE('mx1'), 'groups: {}\n'))
  expect(kept.report.data).toMatchObject({ delete: 0, unlisted: 1, unlistedGroups: 2, groups: [] })
})

test('groups of the profile go on without a node that is deleted', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await groups(world, [
    { name: 'all', nodes: 'mx[1-2]' },
    { name: 'us', nodes: '@all!mx1' },
  ])
  const selection = { names: ['@all'] }
  expect(actions(await plan(world, FILE(HERE('mx1')), { selection, prune: true }))).toEqual([['mx2', 'delete', false]])
  const { report, after } = await plan(world, FILE(HERE('mx1')), { prune: true })
  expect(report.data.groups).toEqual([{ name: 'all', from: 'mx[1-2]', to: 'mx1' }])
  expect(after.groups).toEqual([
    { name: 'all', nodes: 'mx1' },
    { name: 'us', nodes: '@all!mx1' },
  ])
})

test('a group of the file that can not be selected is told with its place', async () => {
  const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
  await groups(world, [{ name: 'old', nodes: 'mx[1-3]' }])
  const file = (text: string): string => FILE(HERE('mx1') + HERE('new'), `groups:\n${text}`)
  await expect(plan(world, file('  a: "@old,new"\n  b: mx[2-5]\n  c: "@a!@nope"\n  d: "@d"\n'))).rejects.toMatchObject({
    exit: 9,
    message: [
      'fleet.yaml:4:6: groups.b: there is no mx[4-5]',
      'fleet.yaml:5:6: groups.c: no such group: nope',
      'fleet.yaml:6:6: groups.d: the group d holds itself: d -> d',
    ].join('\n'),
  })
  await expect(plan(world, file('  a: mx2\n'), { prune: true })).rejects.toMatchObject({ exit: 9 })
  // A node of the file that is not selected will be there.
  await expect(plan(world, file('  a: new\n'), { selection: { names: ['mx1'] } })).resolves.toBeDefined()
})

test('a node can take the place of one that is deleted, and of no other', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const moved = FILE('  other: { access: local, dir: /opt/mx1 }\n' + HERE('mx2'))
  expect(actions(await plan(world, moved, { prune: true }))).toEqual([
    ['other', 'create', true],
    ['mx1', 'delete', false],
  ])
  await expect(plan(world, moved)).rejects.toMatchObject({
    exit: 2,
    message: 'fleet.yaml:3:3: nodes.other: is in the same place as the node mx1: /opt/mx1',
  })
})

test('a key that the profile does not have is told with its place', async () => {
  const world = await memoryWorld([])
  await world.profile.keys.create('fleet', { comment: '' })
  const file = FILE(
    '  mx1: { host: h, dir: /opt/a, key: flet }\n  mx2:\n    host: h2\n    dir: /opt/a\n    jump: root@b\n    jump-key: door\n',
  )
  await expect(plan(world, file)).rejects.toMatchObject({
    exit: 9,
    message:
      'fleet.yaml:3:37: nodes.mx1.key: no such key: flet; did you mean fleet?\nfleet.yaml:8:15: nodes.mx2.jump-key: no such key: door',
  })
})

test('a selection narrows it, over the nodes of file and profile', async () => {
  const world = await memoryWorld(['mx1', 'mx2', 'old'])
  const file = FILE(
    HERE('mx1', '    labels: { a: b }\n') + HERE('mx2', '    labels: { a: c }\n') + HERE('new', '    labels: { a: b }\n'),
  )
  expect(actions(await plan(world, file, { selection: { names: ['mx2', 'old'] }, prune: true }))).toEqual([
    ['mx2', 'change', false],
    ['old', 'delete', false],
  ])
  expect(actions(await plan(world, file, { selection: { selector: 'a=b' } }))).toEqual([
    ['mx1', 'change', false],
    ['new', 'create', true],
  ])
  await expect(plan(world, file, { selection: { names: ['nope'] } })).rejects.toMatchObject({ exit: 9 })
})

describe('nodes that are asked', () => {
  test('show what they were told and what they would be told; new ones are not asked', async () => {
    const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
    const told = world.node('mx1').toldBy('bob@else', { 'spool-readers': 2 })
    world.node('mx2').toldBy('ann@desk', { 'spool-readers': 4 })
    world.node('mx3').installed = false
    const settings = '    settings: { spool-readers: 4 }\n'
    const asked = await plan(world, FILE(HERE('mx1', settings) + HERE('mx2', settings) + HERE('mx3') + HERE('new')), {
      ask: true,
    })
    expect(asked.report.nodes).toMatchObject([
      {
        node: 'mx1',
        outcome: 'ok',
        result: {
          action: 'change',
          syncs: true,
          drift: { synced: 'no', by: 'bob@else', at: told.at, revision: 1, keys: [{ key: 'spool-readers', told: 2, wanted: 4 }] },
        },
      },
      { node: 'mx2', result: { action: 'change', syncs: false } },
      { node: 'mx3', result: { action: 'sync', syncs: true, drift: { installed: false, synced: 'never' } } },
      { node: 'new', result: { action: 'create', syncs: true } },
    ])
    expect([asked.revisions, asked.report.differences]).toEqual([
      new Map([
        ['mx1', 1],
        ['mx2', 1],
        ['mx3', 0],
      ]),
      true,
    ])
  })

  test('one that does not answer is its own outcome, and is tried later', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').status = () => Promise.reject(new Error('gone'))
    const { report, syncs } = await plan(world, FILE(HERE('mx1')), { ask: true })
    expect(report).toMatchObject({
      differences: false,
      nodes: [{ node: 'mx1', outcome: 'failed', error: { message: expect.stringContaining('gone') as string } }],
    })
    expect([...syncs]).toEqual(['mx1'])
  })
})

test('a plan is written for its owner alone, and reads as it was; what is none is told from it', async () => {
  const world = await memoryWorld(['mx1'])
  const path = join(folder, 'plan.json')
  const made = await plan(world, FILE(HERE('mx1', '    settings: { spool-readers: 4 }\n')), { ask: true })
  await writePlan(world.context, made, path, 'default')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const text = await textOf(path)
  const read = planIn(path, text)
  expect(read).toMatchObject({
    schema: 'fleet-plan/1',
    profile: 'default',
    nodes: [{ name: 'mx1', revision: 0, syncs: true }],
    changes: made.changes,
  })
  expect(read?.fingerprint).not.toBe(read?.result)

  expect([planIn(path, 'version: 1\n'), planIn(path, '{version: 1}'), planIn(path, '{"version": 1}')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(() => planIn(path, text.replace('fleet-plan/1', 'fleet-plan/9'))).toThrow('this akctl reads fleet-plan/1')
  expect(() => planIn(path, text.replace('"put"', '"pot"'))).toThrow('the plan is damaged')
})

test.each([
  ['a value that is none', '"spool-readers": 4', '"spool-readers": "abc"', /changes\.put\.0\.settings\.spool-readers: /],
  [
    'a value out of its bounds',
    '"spool-cleaner-timeout": 172800',
    '"spool-cleaner-timeout": 7',
    /settings\.spool-cleaner-timeout: /,
  ],
  ['a key that is none', '"spool-readers"', '"spool-raeders"', /settings\.spool-raeders: /],
  ['a name that is none', '"name": "mx1"', '"name": "MX 1"', /changes\.put\.0\.spec: name: "MX 1" is no name for a node/],
  ['an address that is none', '"192.0.2.7"', '"192.0.2.700"', /changes\.put\.0\.spec: address: /],
  ['a folder that is none', '"/opt/mx1"', '"opt"', /changes\.put\.0\.spec: dir: /],
  ['a default that is none', '"profiling": true', '"profiling": "so"', /changes\.defaults\.profiling: /],
  ['a group that is none', '"nodes": "mx1"', '"nodes": "mx[1"', /changes\.groups\.0\.nodes: /],
])('a plan with %s is damaged, and the place is named', async (_, before, after, message) => {
  const world = await memoryWorld([])
  const path = join(folder, 'edited.json')
  const own = '    addresses: [192.0.2.7]\n    settings: { spool-readers: 4, spool-cleaner-timeout: 2d }\n'
  const more = 'defaults: { profiling: on }\ngroups: { core: mx1 }\n'
  await writePlan(world.context, await plan(world, FILE(HERE('mx1', own), more)), path, 'default')
  const text = await textOf(path)
  expect(planIn(path, text)).toBeDefined()
  expect(text).toContain(before)
  expect(() => planIn(path, text.replace(before, after))).toThrow(message)
})
