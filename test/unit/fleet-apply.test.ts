import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyFleet, type ApplyRequest } from '../../src/operations/fleet/apply.ts'
import { planFleet } from '../../src/operations/fleet/plan.ts'
import { writePlan } from '../../src/operations/fleet/plan-file.ts'
import { FleetSource } from '../../src/operations/fleet/read.ts'
import type { FleetReport } from '../../src/operations/fleet/results.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'

const memoryWorld = memoryWorlds()
const folder = tempDir()
const FILE = join(folder, 'fleet.yaml')
const PLAN = join(folder, 'plan.json')

/** A file with these nodes, each with one setting. */
function fileOf(settings: Readonly<Record<string, number>>, more = ''): string {
  const nodes = Object.entries(settings).map(
    ([name, readers]) => `  ${name}:\n    access: local\n    dir: /opt/${name}\n    settings: { spool-readers: ${readers} }\n`,
  )
  return `version: 1\n${more}nodes:\n${nodes.join('')}`
}

interface Wish {
  readonly prune?: boolean
  readonly ask?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly above?: number
  readonly takeOver?: boolean
  readonly sync?: boolean
  readonly names?: readonly string[]
}

function requestOf(path: string, wish: Wish): ApplyRequest {
  const { prune = false, ask = true, yes = false, dryRun = false, above = 10, takeOver = false, sync = true, names = [] } = wish
  const run = { selection: { names }, width: { concurrency: 1 }, consent: { above, yes }, dryRun, reason: undefined }
  return { path, prune, ask, takeOver, sync, run }
}

async function apply(world: MemoryWorld, text: string, wish: Wish = {}): Promise<FleetReport> {
  writeFileSync(FILE, text)
  return applyFleet(world.context, requestOf(FILE, wish))
}

/** Writes a plan of a file. */
async function planned(
  world: MemoryWorld,
  text: string,
  wish: { readonly prune?: boolean; readonly ask?: boolean } = {},
): Promise<void> {
  const { prune = false, ask = true } = wish
  const source = await FleetSource.parse('fleet.yaml', text)
  const plan = await planFleet(world.context, source, { selection: {}, prune, ask: ask ? 4 : undefined })
  await writePlan(world.context, plan, PLAN, 'default')
}

function applyPlan(world: MemoryWorld, wish: Wish = {}): Promise<FleetReport> {
  return applyFleet(world.context, requestOf(PLAN, wish))
}

async function journal(world: MemoryWorld): Promise<readonly object[]> {
  return (await world.profile.journal.list({ limit: 99 })).map(({ verb, node, outcome, message }) => ({
    verb,
    node,
    outcome,
    message,
  }))
}

async function settingsOf(world: MemoryWorld): Promise<readonly unknown[]> {
  return (await world.profile.read()).nodes.map(({ name, settings }) => [name, settings['spool-readers']])
}

/** Someone else's sync by another profile. */
const BOB = 'bob@else'

test('makes profile and nodes as the file says, accounts for it, and does nothing the second time', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const text = fileOf({ mx1: 3, mx2: 4 }, 'groups: { all: "mx[1-2]" }\n')
  const done = await apply(world, text)
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
  expect(await apply(world, text)).toMatchObject({ nodes: [], data: { sync: 0, dryRun: false } })
  expect(world.notes.at(-1)).toBe(`nothing to do: profile and nodes are as ${FILE} says`)
  expect(await journal(world)).toHaveLength(5)
})

test('a node that is not as it would be told is synced though the file changes nothing in the profile', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await apply(world, fileOf({ mx1: 3, mx2: 4 }))
  const { record } = world.node('mx2')
  world.node('mx2').record = record === undefined ? undefined : { ...record, settings: {} }
  const done = await apply(world, fileOf({ mx1: 3, mx2: 4 }))
  expect(done.nodes).toMatchObject([{ node: 'mx2', outcome: 'changed', result: { action: 'sync', fields: [], settings: [] } }])
  expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4 })
})

test('new nodes are created; one that is not prepared yet is told what to do', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await world.profile.update((data) => ({ data: { ...data, nodes: [] }, result: undefined }))
  world.node('mx2').installed = false
  const done = await apply(world, fileOf({ mx1: 3, mx2: 4 }))
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
    expect((await apply(world, text)).data).toMatchObject({ delete: 0, unlisted: 1 })
    await expect(apply(world, text, { prune: true })).rejects.toMatchObject({ exit: 2, hints: ['give --yes'] })
    world.terminal.answer = false
    await expect(apply(world, text, { prune: true })).rejects.toMatchObject({ exit: 130 })
    expect(await settingsOf(world)).toEqual([
      ['mx1', 3],
      ['gone', undefined],
    ])
    expect(world.notes).toContain('deleted from the profile, and left as they are on their servers: gone')
    await world.profile.orders.put(2, { id: 'X', verb: 'sync', at: 'then' })
    expect((await apply(world, text, { prune: true, yes: true })).nodes).toMatchObject([
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
    await planned(world, fileOf({ mx1: 3 }), { prune: true })
    await expect(applyPlan(world, { yes: true })).rejects.toMatchObject({
      exit: 2,
      message: 'the plan was made with --prune and deletes: gone',
    })
    await applyPlan(world, { yes: true, prune: true })
    expect(await settingsOf(world)).toEqual([['mx1', 3]])
  })
})

test('many nodes are asked about before anything is written', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await expect(apply(world, fileOf({ mx1: 3, mx2: 4 }), { above: 1 })).rejects.toMatchObject({ exit: 2 })
  expect([await settingsOf(world), world.node('mx1').record]).toEqual([
    [
      ['mx1', undefined],
      ['mx2', undefined],
    ],
    undefined,
  ])
})

test('a dry run is the plan, and changes nothing', async () => {
  const world = await memoryWorld(['mx1'])
  const done = await apply(world, fileOf({ mx1: 3 }), { dryRun: true })
  expect(done).toMatchObject({
    data: { dryRun: true, change: 1 },
    nodes: [{ node: 'mx1', outcome: 'ok', result: { action: 'change', syncs: true } }],
  })
  expect([await settingsOf(world), world.node('mx1').record, await journal(world)]).toEqual([[['mx1', undefined]], undefined, []])
})

test('without asking, only nodes are synced whose settings the file changes', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await apply(world, fileOf({ mx1: 3, mx2: 4 }))
  world.node('mx1').toldBy(BOB, {})
  expect((await apply(world, fileOf({ mx1: 3, mx2: 5 }), { ask: false })).nodes).toMatchObject([
    { node: 'mx2', outcome: 'changed' },
  ])
  expect(world.node('mx1').record?.settings).toEqual({})
})

describe('--no-sync', () => {
  test('changes the profile only: no node is asked or told, and nobody is asked', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    const text = fileOf({ mx1: 3, mx2: 4 }, 'defaults: { profiling: true }\n')
    const done = await apply(world, text, { sync: false, above: 0 })
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
    expect(world.notes.at(-1)).toBe(`not synced: run akctl fleet apply -f ${FILE}`)
    expect(await apply(world, text, { sync: false })).toMatchObject({ nodes: [] })
    expect(world.notes.at(-1)).toBe(`nothing to do: the profile is as ${FILE} says`)
    expect((await apply(world, text)).nodes.map(({ node, outcome }) => [node, outcome])).toEqual([
      ['mx1', 'changed'],
      ['mx2', 'changed'],
    ])
  })

  test('of a plan, which can be applied to the nodes afterwards', async () => {
    const world = await memoryWorld(['mx1'])
    await planned(world, fileOf({ mx1: 3 }))
    await applyPlan(world, { sync: false })
    expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', 3]], undefined])
    await applyPlan(world)
    expect(world.node('mx1').record?.settings).toEqual({ 'spool-readers': 3 })
  })

  test('deletes need a consent all the same', async () => {
    const world = await memoryWorld(['mx1', 'gone'])
    await expect(apply(world, fileOf({ mx1: 3 }), { sync: false, prune: true })).rejects.toMatchObject({ exit: 2 })
    expect(await settingsOf(world)).toHaveLength(2)
  })
})

test('what somebody else told a node is overwritten only with --take-over', async () => {
  const world = await memoryWorld(['mx1'])
  await apply(world, fileOf({ mx1: 3 }))
  world.node('mx1').toldBy(BOB, { 'spool-readers': 9 })
  expect((await apply(world, fileOf({ mx1: 3 }))).nodes).toMatchObject([{ node: 'mx1', outcome: 'conflict' }])
  expect((await apply(world, fileOf({ mx1: 3 }), { takeOver: true })).nodes).toMatchObject([{ node: 'mx1', outcome: 'changed' }])
  expect(world.node('mx1').record?.settings).toEqual({ 'spool-readers': 3 })
})

test('--take-over overwrites what was seen before the first change, not what comes after', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await apply(world, fileOf({ mx1: 3, mx2: 4 }))
  world.node('mx2').toldBy(BOB, { 'spool-readers': 8 })
  world.node('mx1').during = () => void world.node('mx2').toldBy(BOB, { 'spool-readers': 9 })
  expect((await apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true })).nodes).toMatchObject([
    { node: 'mx1', outcome: 'changed' },
    { node: 'mx2', outcome: 'conflict', error: { message: expect.stringContaining('somebody else has changed') as string } },
  ])
  expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 9 })
  expect((await apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true, ask: false })).nodes).toEqual([])
  world.node('mx1').during = undefined
  expect((await apply(world, fileOf({ mx1: 5, mx2: 7 }), { takeOver: true, ask: false })).nodes).toMatchObject([
    { node: 'mx2', outcome: 'changed' },
  ])
})

describe('a plan', () => {
  test('is done exactly, and applied again does nothing', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await planned(world, fileOf({ mx1: 3, mx2: 4 }, 'defaults: { esmtp-connection-timeout: 9s }\n'))
    expect((await applyPlan(world)).nodes.map(({ node, outcome }) => [node, outcome])).toEqual([
      ['mx1', 'changed'],
      ['mx2', 'changed'],
    ])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4, 'esmtp-connection-timeout': 9 })
    expect((await applyPlan(world)).nodes).toEqual([])
    expect(world.notes.at(-1)).toMatch(/^nothing to do/)
  })

  test('that did not reach a node can be applied again, and then tells that one', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await planned(world, fileOf({ mx1: 3, mx2: 4 }))
    world.node('mx2').cut = 'before'
    expect((await applyPlan(world)).nodes).toMatchObject([{ outcome: 'changed' }, { node: 'mx2', outcome: 'unknown' }])
    world.clock.now += 60_000
    expect((await applyPlan(world)).nodes).toMatchObject([{ node: 'mx2', outcome: 'changed' }])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4 })
  })

  test('that was edited is refused: nothing else is done than what was seen', async () => {
    const world = await memoryWorld(['mx1'])
    await planned(world, fileOf({ mx1: 3 }))
    writeFileSync(PLAN, readFileSync(PLAN, 'utf8').replace('"spool-readers": 3', '"spool-readers": 4'))
    await expect(applyPlan(world)).rejects.toMatchObject({ exit: 2, message: expect.stringContaining('was edited') as string })
    expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', undefined]], undefined])
  })

  test.each([true, false])('is stale when the profile has moved (nodes asked: %s)', async (ask) => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await planned(world, fileOf({ mx1: 3 }), { ask })
    await world.profile.update((data) => ({ data: { ...data, defaults: { profiling: true } }, result: undefined }))
    await expect(applyPlan(world)).rejects.toMatchObject({
      exit: 8,
      message: expect.stringContaining('the profile has changed since') as string,
      hints: [`make it anew: akctl fleet plan -f fleet.yaml --out ${PLAN}`],
    })
    expect([await settingsOf(world), world.node('mx1').record]).toEqual([
      [
        ['mx1', undefined],
        ['mx2', undefined],
      ],
      undefined,
    ])
  })

  test("is stale when a node's revision has moved, whether or not the plan tells that node anything", async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await apply(world, fileOf({ mx1: 3, mx2: 4 }))
    await planned(world, fileOf({ mx1: 5, mx2: 4 }))
    const { at } = world.node('mx2').toldBy(BOB, { 'spool-readers': 8 })
    await expect(applyPlan(world)).rejects.toMatchObject({
      exit: 8,
      detail: [`mx2 is at revision 2, and was at 1: written by ${BOB} at ${at}`],
    })
    expect([await settingsOf(world), world.node('mx1').record?.revision]).toEqual([
      [
        ['mx1', 3],
        ['mx2', 4],
      ],
      1,
    ])
  })

  test('made without asking is stale when this profile has synced a node since', async () => {
    const world = await memoryWorld(['mx1'])
    await apply(world, fileOf({ mx1: 3 }))
    await planned(world, fileOf({ mx1: 5 }), { ask: false })
    await world.profile.update((data) => ({
      data: { ...data, nodes: data.nodes.map((node) => ({ ...node, baseRevision: 2 })) },
      result: undefined,
    }))
    await expect(applyPlan(world)).rejects.toMatchObject({ exit: 8, detail: ['mx1 is at revision 2, and was at 1'] })
  })

  test('is of one profile, and whole', async () => {
    const world = await memoryWorld(['mx1'])
    await planned(world, fileOf({ mx1: 3 }))
    await expect(applyPlan(world, { names: ['mx1'] })).rejects.toMatchObject({ exit: 2 })
    const other = await world.context
      .home()
      .create('other')
      .then(() => world.context.home().open('other'))
    const context = { ...world.context, profile: () => Promise.resolve(other) }
    await expect(applyFleet(context, requestOf(PLAN, {}))).rejects.toMatchObject({ exit: 2, hints: ['give --profile default'] })
  })
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
  writeFileSync(FILE, fileOf({ mx1: 3 }))
  await expect(applyFleet({ ...world.context, prompter }, requestOf(FILE, { above: 0 }))).rejects.toMatchObject({ exit: 8 })
  expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', undefined]], undefined])
})
