import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { applyFleet } from '../../src/operations/fleet/apply.ts'
import { BOB, FleetFolder, fileOf, settingsOf, type Wish } from '../support/fleet-folder.ts'
import { UnreachableError } from '../../src/outcome/errors.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'

// Plans that were written: done exactly, or refused.

const memoryWorld = memoryWorlds()
const fleet = new FleetFolder(tempDir())

describe('a plan', () => {
  test('is done exactly, and applied again does nothing', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.planned(world, fileOf({ mx1: 3, mx2: 4 }, 'defaults: { esmtp-connection-timeout: 9s }\n'))
    expect((await fleet.applyPlan(world)).nodes.map(({ node, outcome }) => [node, outcome])).toEqual([
      ['mx1', 'changed'],
      ['mx2', 'changed'],
    ])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4, 'esmtp-connection-timeout': 9 })
    expect((await fleet.applyPlan(world)).nodes).toEqual([])
    expect(world.notes.at(-1)).toMatch(/^nothing to do/)
  })

  test('that did not reach a node can be applied again, and then tells that one', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.planned(world, fileOf({ mx1: 3, mx2: 4 }))
    world.node('mx2').cut = 'before'
    expect((await fleet.applyPlan(world)).nodes).toMatchObject([{ outcome: 'changed' }, { node: 'mx2', outcome: 'unknown' }])
    world.clock.now += 60_000
    expect((await fleet.applyPlan(world)).nodes).toMatchObject([{ node: 'mx2', outcome: 'changed' }])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 4 })
  })

  test('that was edited is refused: nothing else is done than what was seen', async () => {
    const world = await memoryWorld(['mx1'])
    await fleet.planned(world, fileOf({ mx1: 3 }))
    writeFileSync(fleet.plan, readFileSync(fleet.plan, 'utf8').replace('"spool-readers": 3', '"spool-readers": 4'))
    await expect(fleet.applyPlan(world)).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('was edited') as string,
    })
    expect([await settingsOf(world), world.node('mx1').record]).toEqual([[['mx1', undefined]], undefined])
  })

  test.each([true, false])('is stale when the profile has moved (nodes asked: %s)', async (ask) => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.planned(world, fileOf({ mx1: 3 }), { ask })
    await world.profile.update((data) => ({ data: { ...data, defaults: { profiling: true } }, result: undefined }))
    await expect(fleet.applyPlan(world)).rejects.toMatchObject({
      exit: 8,
      message: expect.stringContaining('the profile has changed since') as string,
      hints: [`make it anew: akctl fleet plan -f fleet.yaml --out ${fleet.plan}`],
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
    await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
    await fleet.planned(world, fileOf({ mx1: 5, mx2: 4 }))
    const { at } = world.node('mx2').toldBy(BOB, { 'spool-readers': 8 })
    await expect(fleet.applyPlan(world)).rejects.toMatchObject({
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
    await fleet.apply(world, fileOf({ mx1: 3 }))
    await fleet.planned(world, fileOf({ mx1: 5 }), { ask: false })
    await settleAt(world, 2)
    await expect(fleet.applyPlan(world)).rejects.toMatchObject({ exit: 8, detail: ['mx1 is at revision 2, and was at 1'] })
  })

  test('is of one profile, and whole', async () => {
    const world = await memoryWorld(['mx1'])
    await fleet.planned(world, fileOf({ mx1: 3 }))
    await expect(fleet.applyPlan(world, { names: ['mx1'] })).rejects.toMatchObject({ exit: 2 })
    const other = await world.context
      .home()
      .create('other')
      .then(() => world.context.home().open('other'))
    const context = { ...world.context, profile: () => Promise.resolve(other) }
    await expect(applyFleet(context, fleet.requestOf(fleet.plan, {}))).rejects.toMatchObject({
      exit: 2,
      hints: ['give --profile default'],
    })
  })
})

/** The first question is not answered, the next ones are. */
function mutedOnce(world: MemoryWorld, name: string): void {
  const node = world.node(name)
  let questions = 0
  node.statusCalled = () => (node.lost = questions++ === 0 ? new UnreachableError('no route') : undefined)
}

/** The profile knows its nodes to be at a revision, as if it had made that itself. */
function settleAt(world: MemoryWorld, baseRevision: number): Promise<void> {
  return world.profile.update((data) => ({
    data: { ...data, nodes: data.nodes.map((node) => ({ ...node, baseRevision })) },
    result: undefined,
  }))
}

describe('a node that does not answer while all are asked, but answers later', () => {
  const waves = { serial: [{ amount: 1, unit: 'nodes' }], pause: 0, gate: undefined, onFailure: 'stop' } as const

  test.each([
    ['in one go', { takeOver: true }],
    ['in waves', { takeOver: true, waves }],
    ['where nobody was asked', { takeOver: true, ask: false }],
    ['without --take-over', {}],
  ] as readonly (readonly [string, Wish])[])('%s: is not overwritten by a plan that it has moved away from', async (_, wish) => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
    await fleet.planned(world, fileOf({ mx1: 5, mx2: 6 }))
    const { at } = world.node('mx2').toldBy(BOB, { 'spool-readers': 9 })
    if (wish.takeOver !== true) await settleAt(world, 2)
    if (wish.ask !== false) mutedOnce(world, 'mx2')
    expect((await fleet.applyPlan(world, wish)).nodes).toMatchObject([
      { node: 'mx1', outcome: 'changed' },
      {
        node: 'mx2',
        outcome: 'conflict',
        error: {
          message: expect.stringMatching(/^the plan is stale: the node is at revision 2, and was at 1 /) as string,
          detail: [`revision 2 was written by ${BOB} at ${at}`],
        },
      },
    ])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 9 })
  })

  test('is told what the plan says where it is as it was', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.planned(world, fileOf({ mx1: 5, mx2: 6 }))
    mutedOnce(world, 'mx2')
    expect((await fleet.applyPlan(world)).nodes).toMatchObject([{ outcome: 'changed' }, { outcome: 'changed' }])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 6 })
  })

  test('is not taken over by a file either: nobody has seen what it holds', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await fleet.apply(world, fileOf({ mx1: 3, mx2: 4 }))
    world.node('mx2').toldBy(BOB, { 'spool-readers': 9 })
    mutedOnce(world, 'mx2')
    expect((await fleet.apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true })).nodes).toMatchObject([
      { node: 'mx1', outcome: 'changed' },
      { node: 'mx2', outcome: 'conflict' },
    ])
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 9 })
    await fleet.apply(world, fileOf({ mx1: 5, mx2: 6 }), { takeOver: true })
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 6 })
  })
})

test('a plan for which a node did not answer, or was not asked any more, is not written', async () => {
  const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
  rmSync(fleet.plan, { force: true })
  world.node('mx2').lost = new UnreachableError('no route')
  expect(await fleet.planned(world, fileOf({ mx1: 3, mx2: 4, mx3: 5 }))).toBe(false)
  expect(world.notes.at(-1)).toBe(
    `warning: ${fleet.plan} was not written, as these nodes could not be asked: mx2; a plan without them: --exclude 'mx2'`,
  )
  world.node('mx2').lost = undefined
  world.abort.abort()
  expect([await fleet.planned(world, fileOf({ mx1: 3, mx2: 4 })), existsSync(fleet.plan)]).toEqual([false, false])
})
