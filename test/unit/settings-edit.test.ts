import type { Settings } from '../../src/node/settings.ts'
import { setting, unsetting } from '../../src/operations/settings/change.ts'
import { editSettings, type EditRun } from '../../src/operations/settings/edit.ts'
import { getSetting, listDefaults, listSettings } from '../../src/operations/settings/list.ts'
import { pullSettings } from '../../src/operations/settings/pull.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const PULL = { dryRun: false, reason: undefined }
const AT_ONCE = { width: { concurrency: 4 }, consent: { above: 10, yes: false } }

function run(change: Partial<EditRun> = {}): EditRun {
  return { verb: 'settings set', target: { all: true }, dryRun: false, reason: undefined, sync: undefined, ...change }
}

async function settingsOf(world: MemoryWorld): Promise<readonly Settings[]> {
  return (await world.profile.read()).nodes.map(({ settings }) => settings)
}

async function giveDefaults(world: MemoryWorld, defaults: Settings): Promise<void> {
  await world.profile.update((data) => ({ data: { ...data, defaults }, result: undefined }))
}

describe('set and unset', () => {
  test('change the named nodes alone, connect to none, and hint at the sync', async () => {
    const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
    const report = await editSettings(world.context, setting({ profiling: true }), run({ target: { names: ['mx1', '3'] } }))
    expect(report.nodes?.map(({ node, outcome }) => [node, outcome])).toEqual([
      ['mx1', 'changed'],
      ['mx3', 'changed'],
    ])
    expect(await settingsOf(world)).toEqual([{ profiling: true }, {}, { profiling: true }])
    expect(world.notes).toEqual([
      expect.stringMatching(/^warning: profiling has no effect on mx1, mx3: /),
      'not synced: run akctl mta sync mx1 mx3',
    ])
    expect(world.node('mx1').calls).toEqual([])
  })

  test('of many nodes hint at --all', async () => {
    const world = await memoryWorld(['a', 'b', 'c', 'd', 'e', 'f'])
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9 }), run())
    expect(world.notes).toEqual(['not synced: run akctl mta sync --all'])
  })

  test('to what the default says anyway is a change of the record, and no reason to sync', async () => {
    const world = await memoryWorld(['mx1'])
    await giveDefaults(world, { 'esmtp-connection-timeout': 9 })
    const report = await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9 }), run())
    expect([report.nodes?.[0]?.outcome, world.notes]).toEqual(['changed', []])
    await editSettings(world.context, unsetting(['esmtp-connection-timeout']), run({ verb: 'settings unset' }))
    expect([await settingsOf(world), world.notes]).toEqual([[{}], []])
  })

  test('are in the journal where they changed something, with the reason or the keys', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9 }), run({ target: { names: ['mx1'] } }))
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9 }), run({ reason: 'slow line' }))
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 8 }), run({ target: 'defaults' }))
    expect((await world.profile.journal.list({ limit: 9 })).map(({ node, message }) => [node, message])).toEqual([
      ['mx1', 'esmtp-connection-timeout'],
      ['mx2', 'slow line'],
      [undefined, 'defaults: esmtp-connection-timeout'],
    ])
  })

  test('in a dry run say what would be, and write nothing', async () => {
    const world = await memoryWorld(['mx1'])
    const before = await world.profile.read()
    for (const target of [{ all: true }, 'defaults'] as const) {
      const report = await editSettings(
        world.context,
        setting({ 'esmtp-connection-timeout': 9 }),
        run({ target, dryRun: true, sync: AT_ONCE }),
      )
      const [node] = report.nodes ?? []
      expect(node).toMatchObject({
        outcome: 'ok',
        result: { sync: { dryRun: true, steps: ['wrote'], keys: [{ key: 'esmtp-connection-timeout', wanted: 9 }] } },
      })
    }
    expect(await world.profile.read()).toEqual(before)
    expect(await world.profile.journal.list({ limit: 9 })).toEqual([])
    expect(world.node('mx1').record).toBeUndefined()
    expect(world.notes).toEqual([])
  })

  test('are done, and pushed, where the journal can not be written: that is a warning', async () => {
    const world = await memoryWorld(['mx1'])
    const { journal } = world.profile
    journal.append = () => Promise.reject(new Error('no space left'))
    const edit = setting({ 'esmtp-connection-timeout': 9 })
    const report = await editSettings(world.context, edit, run({ sync: AT_ONCE }))
    expect(report.nodes).toMatchObject([{ node: 'mx1', outcome: 'changed', result: { sync: { revision: 1 } } }])
    expect(world.node('mx1').record?.settings).toEqual({ 'esmtp-connection-timeout': 9 })
    await editSettings(world.context, edit, run({ target: 'defaults' }))
    expect((await world.profile.read()).defaults).toEqual({ 'esmtp-connection-timeout': 9 })
    const warning = expect.stringMatching(
      /^warning: the change is done, but the journal could not be written: no space left/,
    ) as string
    expect(world.notes.filter((note) => note.includes('the change is done'))).toEqual([warning, warning])
  })
})

describe('with --sync', () => {
  test('every node is told at once, and both outcomes are in its line', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    world.node('mx2').toldBy('bob@else', { 'spool-readers': 3 })
    const report = await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9 }), run({ sync: AT_ONCE }))
    expect(report.nodes).toMatchObject([
      { node: 'mx1', outcome: 'changed', result: { changes: [{ wanted: 9 }], sync: { verb: 'sync', revision: 1 } } },
      { node: 'mx2', outcome: 'conflict', result: { changes: [{ wanted: 9 }] }, error: { kind: 'conflict' } },
    ])
    expect(world.node('mx1').record?.settings).toEqual({ 'esmtp-connection-timeout': 9 })
    expect(world.node('mx2').record?.settings).toEqual({ 'spool-readers': 3 })
    expect(world.notes).toEqual([])
  })

  test.each<[string, EditRun['target']]>([
    ['nodes', { all: true }],
    ['defaults', 'defaults'],
  ])('in waves, of %s: the first that fails keeps the others from being told; each is told of as it ends', async (_, target) => {
    const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
    const waves = { serial: [{ amount: 1, unit: 'nodes' as const }], pause: 0, gate: undefined, onFailure: 'rollback' as const }
    const told: NodeOutcome<unknown>[] = []
    const width = { concurrency: 4, onNode: (outcome: NodeOutcome<unknown>) => void told.push(outcome) }
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 5 }), run({ target, sync: AT_ONCE }))
    world.node('mx2').during = () => {
      expect(told).toMatchObject([{ node: 'mx1', outcome: 'changed' }])
      throw new FailedError('no room')
    }
    const edit = setting({ 'esmtp-connection-timeout': 9 })
    const { nodes } = await editSettings(world.context, edit, run({ target, sync: { ...AT_ONCE, width, waves } }))
    expect(nodes).toMatchObject([
      { node: 'mx1', outcome: 'failed', result: { sync: { putBack: { to: 1, revision: 3 } } } },
      { node: 'mx2', outcome: 'failed' },
      { node: 'mx3', outcome: 'skipped' },
    ])
    const last = new Map(told.map((outcome) => [outcome.node, outcome])) // one that is put back is told of once more
    expect(nodes?.map((outcome) => last.get(outcome.node) === outcome)).toEqual([true, true, true])
    expect([1, 2, 3].map((number) => world.node(`mx${number}`).record?.settings)).toEqual(
      Array(3).fill({ 'esmtp-connection-timeout': 5 }),
    )
  })

  test('the defaults are pushed to the nodes that feel them, and to no other', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 5 }), run({ target: { names: ['mx2'] } }))
    const report = await editSettings(
      world.context,
      setting({ 'esmtp-connection-timeout': 9 }),
      run({ target: 'defaults', sync: AT_ONCE }),
    )
    expect(report.data).toMatchObject({ changes: [{ key: 'esmtp-connection-timeout', wanted: 9 }] })
    expect(report.nodes?.map(({ node }) => node)).toEqual(['mx1'])
    expect([world.node('mx1').record?.settings, world.node('mx2').calls]).toEqual([{ 'esmtp-connection-timeout': 9 }, []])
  })

  test.each<[string, EditRun['target']]>([
    ['nodes', { all: true }],
    ['defaults', 'defaults'],
  ])('consent for %s is asked for before anything is written', async (_, target) => {
    const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
    const before = await world.profile.read()
    const sync = { ...AT_ONCE, consent: { above: 2, yes: false } }
    const edit = setting({ 'esmtp-connection-timeout': 9 })
    await expect(editSettings(world.context, edit, run({ target, sync }))).rejects.toMatchObject({ exit: 2 })
    world.terminal.answer = false
    await expect(editSettings(world.context, edit, run({ target, sync }))).rejects.toMatchObject({ exit: 130 })
    expect(await world.profile.read()).toEqual(before)
    expect(world.questions).toHaveLength(1)
    world.terminal.answer = true
    const report = await editSettings(world.context, edit, run({ target, sync }))
    expect([report.nodes?.map(({ outcome }) => outcome), world.questions.length]).toEqual([['changed', 'changed', 'changed'], 2])
  })
})

describe('pull', () => {
  test('takes over what the node was told, whoever told it, and its revision as the base', async () => {
    const world = await memoryWorld(['mx1'])
    await editSettings(world.context, setting({ 'esmtp-connection-timeout': 9, 'spool-readers': 2 }), run())
    world.node('mx1').toldBy('bob@else', { 'esmtp-connection-timeout': 5 })
    expect(await pullSettings(world.context, 'mx1', { ...PULL, dryRun: true })).toMatchObject([
      { outcome: 'ok', result: { by: 'bob@else', dryRun: true } },
    ])
    expect(await settingsOf(world)).toEqual([{ 'esmtp-connection-timeout': 9, 'spool-readers': 2 }])
    const [pulled] = await pullSettings(world.context, 'mx1', PULL)
    expect(pulled).toMatchObject({
      outcome: 'changed',
      result: {
        revision: 1,
        changes: [
          { key: 'spool-readers', told: 2 },
          { key: 'esmtp-connection-timeout', told: 9, wanted: 5 },
        ],
      },
    })
    expect((await world.profile.read()).nodes).toMatchObject([{ settings: { 'esmtp-connection-timeout': 5 }, baseRevision: 1 }])
    expect(await pullSettings(world.context, 'mx1', PULL)).toMatchObject([{ outcome: 'ok', result: { changes: [] } }])
  })

  test("leaves to the profile's defaults what they say anyway, and warns of what they say more", async () => {
    const world = await memoryWorld(['mx1'])
    await giveDefaults(world, { 'esmtp-connection-timeout': 5, 'spool-readers': 2 })
    world.node('mx1').toldBy('bob@else', { 'esmtp-connection-timeout': 5, profiling: false })
    await pullSettings(world.context, 'mx1', PULL)
    expect(await settingsOf(world)).toEqual([{ profiling: false }])
    expect(world.notes).toEqual([expect.stringContaining('set what the node was not told (spool-readers)')])
  })

  test('of a node that was never told anything is refused, naming the way on', async () => {
    const world = await memoryWorld(['mx1'])
    const [nothing] = await pullSettings(world.context, 'mx1', PULL)
    expect(nothing).toMatchObject({ outcome: 'failed', error: { hints: ['tell it yours: akctl mta sync mx1'] } })
    world.node('mx1').record = { revision: 0, id: 'install', settings: {}, by: '', at: '', reason: '', schema: 1 }
    expect(await pullSettings(world.context, 'mx1', PULL)).toMatchObject([{ outcome: 'failed' }])
    await expect(pullSettings(world.context, 'mx9', PULL)).rejects.toMatchObject({ exit: 9 })
  })
})

test('lists and single values tell value, text, origin and support', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  await giveDefaults(world, { 'esmtp-connection-timeout': 120, profiling: false })
  await editSettings(world.context, setting({ profiling: true }), run({ target: { names: ['mx2'] } }))
  const listed = await listSettings(world.context, {}, true)
  expect(listed.map(({ node, result }) => [node, result?.map(({ key, text, origin }) => [key, text, origin])])).toEqual([
    [
      'mx1',
      [
        ['esmtp-connection-timeout', '2m', 'profile'],
        ['profiling', 'off', 'profile'],
      ],
    ],
    [
      'mx2',
      [
        ['esmtp-connection-timeout', '2m', 'profile'],
        ['profiling', 'on', 'node'],
      ],
    ],
  ])
  expect((await listSettings(world.context, { names: ['mx1'] }, false))[0]?.result).toHaveLength(23)
  expect(await listDefaults(world.context, true)).toHaveLength(2)
  expect(await listDefaults(world.context, false)).toHaveLength(23)
  expect(await getSetting(world.context, 'mx2', 'Enable profiling')).toEqual({
    key: 'profiling',
    value: true,
    text: 'on',
    origin: 'node',
    support: 'unsupported',
  })
  expect(await getSetting(world.context, undefined, 'spool-readers')).toEqual({ key: 'spool-readers', origin: 'mta' })
})
