import { writeFileSync } from 'node:fs'
import { applyFleet } from '../../src/operations/fleet/apply.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { BOB, FleetFolder, fileOf, settingsOf } from '../support/fleet-folder.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'

const memoryWorld = memoryWorlds()
const fleet = new FleetFolder(tempDir())

async function journal(world: MemoryWorld): Promise<readonly object[]> {
  return (await world.profile.journal.list({ limit: 99 })).map(({ verb, node, outcome, message }) => ({
    verb,
    node,
    outcome,
    message,
  }))
}

test('makes profile and nodes as the file says, accounts for it, and does nothing the second time', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const text = fileOf({ mx1: 3, mx2: 4 }, 'groups: { all: "mx[1-2]" }\n')
  const done = await fleet.apply(world, text)
  expect(done.nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed', result: { action: 'change', sync: { steps: ['wrote'], revision: 1 } } },
    { node: 'mx2', outcome: 'changed', result: { action: 'change', sync: { steps: ['wrote'], revision: 1 } } },
  ])
  expect([world.node('mx1').record?.settings, world.node('mx2').record?.settings]).toEqual([
    { 'spool-readers': 3 },
    { 'spool-readers': 4 },
  ])
  expect((await world.profile.read()).groups).toEqual([{ name: 'all', nodes: 'mx[1-2]' }])
  expect(await journal(world)).toEqual([
    { verb: 'fleet apply', node: undefined, outcome: 'changed', message: 'group all' },
    { verb: 'fleet apply', node: 'mx1', outcome: 'changed', message: 'spool-readers' },
    { verb: 'fleet apply', node: 'mx2', outcome: 'changed', message: 'spool-readers' },
    { verb: 'mta sync', node: 'mx1', outcome: 'changed', message: 'fleet apply' },
    { verb: 'mta sync', node: 'mx2', outcome: 'changed', message: 'fleet apply' },
  ])
  expect(await fleet.apply(world, text)).toMatchObject({ nodes: [], data: { sync: 0, dryRun: false } })
  expect(world.notes.at(-1)).toBe(`nothing to do: profile and nodes are as ${fleet.file} says`)
  expect(await journal(world)).toHaveLength(5)
})

test('tells of a node as soon as it is done, by the very record that is in the report', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  writeFileSync(fleet.file, fileOf({ mx1: 3, mx2: 4 }))
  const told: NodeOutcome<unknown>[] = []
  world.node('mx2').during = () =>
    expect(told).toMatchObject([{ node: 'mx1', result: { action: 'change', sync: { revision: 1 } } }])
  const request = fleet.requestOf(fleet.file, {})
  const run = { ...request.run, width: { concurrency: 1, onNode: (outcome: NodeOutcome<unknown>) => void told.push(outcome) } }
  const { nodes } = await applyFleet(world.context, { ...request, run })
  expect(nodes.map(({ node }, index) => [node, nodes[index] === told[index]])).toEqual([
    ['mx1', true],
    ['mx2', true],
  ])
})

test('a node that is not as it would be told is synced though the file changes nothing in the profile', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
  const { record } = world.node('mx2')
  world.node('mx2').record = record === undefined ? undefined : { ...record, settings: {} }
  const done = await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
  expect(done.nodes).toMatchObject([{ node: 'mx2', outcome: 'changed', result: { action: 'sync', fields: [], settings: [] } }])
  expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4 })
})

test('new nodes are created; one that is not prepared yet is told what to do', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await world.profile.update((data) => ({ data: { ...data, nodes: [] }, result: undefined }))
  world.node('mx2').installed = false
  const done = await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
  expect(done.nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed', result: { action: 'create', sync: { revision: 1 } } },
    {
      node: 'mx2',
      outcome: 'failed',
      result: { action: 'create' },
      error: {
        message: expect.stringContaining('not prepared') as string,
        hints: expect.arrayContaining(['akctl nodes install mx2']) as string[],
      },
    },
  ])
  expect((await world.profile.read()).nodes.map(({ id, name }) => [id, name])).toEqual([
    [3, 'mx1'],
    [4, 'mx2'],
  ])
})

describe('deletes', () => {
  test('need --prune, are listed, and need a consent', async () => {
    const world = await memoryWorld(['mx1', 'gone'])
    const text = fileOf({ mx1: 3 })
    expect((await fleet.apply(world, text)).data).toMatchObject({ delete: 0, unlisted: 1 })
    await expect(fleet.apply(world, text, { prune: true })).rejects.toMatchObject({ exit: 2, hints: ['give --yes'] })
    world.terminal.answer = false
    await expect(fleet.apply(world, text, { prune: true })).rejects.toMatchObject({ exit: 130 })
    expect(await settingsOf(world)).toEqual([
      ['mx1', 3],
      ['gone', undefined],
    ])
    expect(world.notes).toContain('deleted from the profile, and left as they are on their servers: gone')
    await world.profile.orders.put(2, { id: 'X', verb: 'sync', at: 'then' })
    expect((await fleet.apply(world, text, { prune: true, yes: true })).nodes).toMatchObject([
      { node: 'gone', outcome: 'changed', result: { action: 'delete' } },
    ])
    expect(await settingsOf(world)).toEqual([['mx1', 3]])
    expect([await world.profile.orders.get(2), (await journal(world)).at(-1)]).toEqual([
      undefined,
      { verb: 'fleet apply', node: 'gone', outcome: 'changed', message: 'deleted' },
    ])
  })

  test('of a plan need --prune again', async () => {
    const world = await memoryWorld(['mx1', 'gone'])
    await fleet.planned(world, fileOf({ mx1: 3 }), { prune: true })
    await expect(fleet.applyPlan(world, { yes: true })).rejects.toMatchObject({
      exit: 2,
      message: 'the plan was made with --prune and deletes: gone',
    })
    await fleet.applyPlan(world, { yes: true, prune: true })
    expect(await settingsOf(world)).toEqual([['mx1', 3]])
  })
})

test('many nodes are asked about before anything is written', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await expect(fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }), { above: 1 })).rejects.toMatchObject({ exit: 2 })
  expect([await settingsOf(world), world.node('mx1').record]).toEqual([
    [
      ['mx1', undefined],
      ['mx2', undefined],
    ],
    undefined,
  ])
})

describe('Ctrl-C', () => {
  test('while the nodes are asked: nothing is done', async () => {
    const world = await memoryWorld(['mx1', 'mx2', 'gone'])
    const before = await world.profile.read()
    world.node('mx1').statusCalled = () => world.abort.abort()
    await expect(fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }), { prune: true, yes: true })).rejects.toMatchObject({
      exit: 130,
      message: 'cancelled; nothing was done',
    })
    expect([await world.profile.read(), await journal(world)]).toEqual([before, []])
    expect([world.node('mx1').record, world.node('mx2').record]).toEqual([undefined, undefined])
  })

  test('after the question, while the profile is waited for: nothing is done', async () => {
    const world = await memoryWorld(['mx1'])
    const prompter = { ...world.context.prompter, canAsk: true, confirm: () => Promise.resolve(true) }
    const profile = await world.context.profile()
    const update: typeof profile.update = (change) => {
      world.abort.abort()
      return profile.update(change)
    }
    const slow = Object.assign(Object.create(profile) as typeof profile, { update })
    writeFileSync(fleet.file, fileOf({ mx1: 3 }))
    const context = { ...world.context, prompter, profile: () => Promise.resolve(slow) }
    await expect(applyFleet(context, fleet.requestOf(fleet.file, { above: 0 }))).rejects.toMatchObject({ exit: 130 })
    expect(await settingsOf(world)).toEqual([['mx1', undefined]])
  })
})

test('a dry run is the plan, and changes nothing', async () => {
  const world = await memoryWorld(['mx1'])
  const done = await fleet.apply(world, fileOf({ mx1: 3 }), { dryRun: true })
  expect(done).toMatchObject({
    data: { dryRun: true, change: 1 },
    nodes: [{ node: 'mx1', outcome: 'ok', result: { action: 'change', syncs: true } }],
  })
  expect([await settingsOf(world), world.node('mx1').record, await journal(world)]).toEqual([[['mx1', undefined]], undefined, []])
})

test('without asking, only nodes are synced whose settings the file changes', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
  world.node('mx1').toldBy(BOB, {})
  expect((await fleet.apply(world, fileOf({ mx1: 3, mx2: 5 }), { ask: false })).nodes).toMatchObject([
    { node: 'mx2', outcome: 'changed' },
  ])
  expect(world.node('mx1').record?.settings).toEqual({})
})

describe('--no-sync', () => {
  test('changes the profile only: no node is asked or told, and nobody is asked', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    const text = fileOf({ mx1: 3, mx2: 4 }, 'defaults: { profiling: true }\n')
    const done = await fleet.apply(world, text, { sync: false, above: 0 })
    expect(done).toMatchObject({
      data: { asked: false, sync: 0, change: 2 },
      nodes: [
        { node: 'mx1', outcome: 'changed', result: { action: 'change', syncs: false } },
        { node: 'mx2', outcome: 'changed', result: { action: 'change', syncs: false } },
      ],
    })
    expect(await settingsOf(world)).toEqual([
      ['mx1', 3],
      ['mx2', 4],
    ])
    expect([world.node('mx1').calls, world.node('mx2').calls]).toEqual([[], []])
    expect(world.notes.at(-1)).toBe(`not synced: run akctl fleet apply -f ${fleet.file}`)
    expect(await fleet.apply(world, text, { sync: false })).toMatchObject({ nodes: [] })
    expect(world.notes.at(-1)).toBe(`nothing to do: the profile is as ${fleet.file} says`)
    expect((await fleet.apply(world, text)).nodes.map(({ node, outcome }) => [node, outcome])).toEqual([
      ['mx1', 'changed'],
      ['mx2', 'changed'],
    ])
  })

  test('of a plan, which can be applied to the nodes afterwards', async () => {
    const world = await memoryWorld(['mx1'])
    await fleet.planned(world, fileOf({ mx1: 3 }))
    await fleet.applyPlan(world, { sync: false })
    expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', 3]], undefined])
    await fleet.applyPlan(world)
    expect(world.node('mx1').record?.settings).toEqual({ 'spool-readers': 3 })
  })

  test('deletes need a consent all the same', async () => {
    const world = await memoryWorld(['mx1', 'gone'])
    await expect(fleet.apply(world, fileOf({ mx1: 3 }), { sync: false, prune: true })).rejects.toMatchObject({ exit: 2 })
    expect(await settingsOf(world)).toHaveLength(2)
  })
})

test('what somebody else told a node is overwritten only with --take-over', async () => {
  const world = await memoryWorld(['mx1'])
  await fleet.apply(world, fileOf({ mx1: 3 }))
  world.node('mx1').toldBy(BOB, { 'spool-readers': 9 })
  expect((await fleet.apply(world, fileOf({ mx1: 3 }))).nodes).toMatchObject([{ node: 'mx1', outcome: 'conflict' }])
  expect((await fleet.apply(world, fileOf({ mx1: 3 }), { takeOver: true })).nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed' },
  ])
  expect(world.node('mx1').record?.settings).toEqual({ 'spool-readers': 3 })
})

test('--take-over overwrites what was seen before the first change, not what comes after', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
  world.node('mx2').toldBy(BOB, { 'spool-readers': 8 })
  world.node('mx1').during = () => void world.node('mx2').toldBy(BOB, { 'spool-readers': 9 })
  expect((await fleet.apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true })).nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed' },
    { node: 'mx2', outcome: 'conflict', error: { message: expect.stringContaining('somebody else has changed') as string } },
  ])
  expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 9 })
  expect((await fleet.apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true, ask: false })).nodes).toEqual([])
  world.node('mx1').during = undefined
  expect((await fleet.apply(world, fileOf({ mx1: 5, mx2: 7 }), { takeOver: true, ask: false })).nodes).toMatchObject([
    { node: 'mx2', outcome: 'changed' },
  ])
})

test('a profile that somebody changes in the very moment is left alone', async () => {
  const world = await memoryWorld(['mx1'])
  world.terminal.answer = true
  const prompter = {
    ...world.context.prompter,
    canAsk: true,
    confirm: async (question: string) => {
      await world.profile.update((data) => ({ data: { ...data, defaults: { profiling: true } }, result: undefined }))
      return world.context.prompter.confirm(question)
    },
  }
  writeFileSync(fleet.file, fileOf({ mx1: 3 }))
  await expect(applyFleet({ ...world.context, prompter }, fleet.requestOf(fleet.file, { above: 0 }))).rejects.toMatchObject({
    exit: 8,
  })
  expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', undefined]], undefined])
})
