import { loadFleet } from '../../src/operations/run/fleet.ts'
import { visit, type Purpose } from '../../src/operations/run/visit.ts'
import { changeNodes, type ChangeRun } from '../../src/operations/mta/change.ts'
import { stopNode, startNode } from '../../src/operations/mta/power.ts'
import { rollbackNode } from '../../src/operations/mta/rollback.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import { mtaStatus } from '../../src/operations/mta/status.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import { withBase } from '../../src/node/record.ts'
import { newOrderId } from '../../src/node/order-id.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import type { Settings } from '../../src/node/settings.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import type { JournalEntry, PendingOrder } from '../../src/profile/profile.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { until } from '../support/until.ts'

const memoryWorld = memoryWorlds()

const RUN: Omit<ChangeRun, 'selection'> = {
  width: { concurrency: 4 },
  consent: { above: 10, yes: false },
  dryRun: false,
  reason: undefined,
}
const CHANGE: Purpose = { kind: 'change', verb: 'mta stop' }

const sync = (world: MemoryWorld, takeOver = false): Promise<readonly NodeOutcome<ChangeResult>[]> =>
  changeNodes(world.context, 'sync', { ...RUN, selection: { all: true } }, (session) =>
    syncNode(session, { takeOver, restart: true, dryRun: false, reason: 'a test' }),
  )

const stop = (world: MemoryWorld): Promise<readonly NodeOutcome<ChangeResult>[]> =>
  changeNodes(world.context, 'stop', { ...RUN, selection: { all: true } }, (session) =>
    stopNode(session, { dryRun: false, reason: 'a test' }),
  )

async function set(world: MemoryWorld, settings: Settings): Promise<void> {
  await world.profile.update((data) => ({
    data: { ...data, nodes: data.nodes.map((node) => ({ ...node, settings })) },
    result: undefined,
  }))
}

const rollback = (world: MemoryWorld): Promise<readonly NodeOutcome<ChangeResult>[]> =>
  changeNodes(world.context, 'rollback', { ...RUN, selection: { all: true } }, (session) =>
    rollbackNode(session, { to: undefined, takeOver: false, dryRun: false, reason: 'a test' }),
  )

const known = async (world: MemoryWorld): Promise<readonly unknown[]> => {
  const [node] = (await world.profile.read()).nodes
  return [node?.baseRevision, node?.baseRevisionId]
}
const baseOf = async (world: MemoryWorld): Promise<number | undefined> => (await world.profile.read()).nodes[0]?.baseRevision
const journalOf = (world: MemoryWorld): Promise<readonly JournalEntry[]> => world.profile.journal.list({ limit: 100 })

test('a sync is noted before it is sent, struck out after, journalled, and its revision is the new base', async () => {
  const world = await memoryWorld(['mx1'])
  const mx1 = world.node('mx1')
  let notedWhileUnderWay: string | undefined
  mx1.during = async () => void (notedWhileUnderWay = (await world.profile.orders.get(1))?.verb)
  const [outcome] = await sync(world)
  expect(outcome).toMatchObject({ node: 'mx1', outcome: 'changed', result: { steps: ['wrote'], revision: 1, synced: 'yes' } })
  expect(notedWhileUnderWay).toBe('sync')
  expect(await world.profile.orders.get(1)).toBeUndefined()
  expect(await baseOf(world)).toBe(1)
  expect(await journalOf(world)).toEqual([
    {
      at: '2026-11-24T04:00:00.000Z',
      by: 'ann@desk',
      verb: 'mta sync',
      node: 'mx1',
      outcome: 'changed',
      orderId: mx1.record?.id,
      revision: 1,
    },
  ])
  expect(mx1.calls.at(-1)).toBe('close')
})

describe('an order whose end was not seen', () => {
  test('is unknown, stays noted, and the next command finds that it succeeded and takes its revision over', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').cut = 'after'
    expect(await sync(world)).toMatchObject([{ outcome: 'unknown', error: { kind: 'unknown' } }])
    expect(await baseOf(world)).toBeUndefined()
    expect(await world.profile.orders.get(1)).toMatchObject({ verb: 'sync', at: '2026-11-24T04:00:00.000Z' })

    const status = await mtaStatus(world.context, { all: true }, { concurrency: 1 })
    expect(status.nodes).toMatchObject([{ outcome: 'ok', result: { synced: 'yes' } }])
    expect(world.notes).toEqual(['mx1: the sync of 2026-11-24T04:00:00.000Z, whose end was not seen, succeeded'])
    expect(await baseOf(world)).toBe(1)
    expect(await world.profile.orders.get(1)).toBeUndefined()
    const id = world.node('mx1').record?.id
    expect(await journalOf(world)).toMatchObject([
      { verb: 'mta sync', outcome: 'unknown', orderId: id },
      { verb: 'mta sync', outcome: 'changed', orderId: id, revision: 1, message: 'found out later: it succeeded' },
    ])
  })

  test('that never arrived is said to have changed nothing, and the base stays', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').cut = 'before'
    await sync(world)
    world.clock.now += 60_000
    expect(await stop(world)).toMatchObject([{ outcome: 'ok' }])
    expect(world.node('mx1').calls.slice(-4)).toEqual(['order', 'giveUp', 'stop', 'close'])
    expect(world.notes).toEqual([expect.stringContaining('never reached the node: it changed nothing')])
    expect(await baseOf(world)).toBeUndefined()
    expect(await journalOf(world)).toMatchObject([
      { outcome: 'unknown' },
      { verb: 'mta sync', outcome: 'failed' },
      { verb: 'mta stop' },
    ])
  })

  test('that has left no trace is never judged by a reader, however long ago it was', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').cut = 'before'
    await sync(world)
    world.clock.now += 86_400_000
    await mtaStatus(world.context, { all: true }, { concurrency: 1 })
    expect(world.notes).toEqual([expect.stringContaining('has not arrived at the node so far')])
    expect(world.node('mx1').calls).not.toContain('giveUp')
    expect(await world.profile.orders.get(1)).toMatchObject({ verb: 'sync' })
  })

  test('that a node can not account for any more stays unknown, and is no obstacle', async () => {
    const world = await memoryWorld(['mx1'])
    Object.assign(world.node('mx1'), { cut: 'before', forgets: true })
    await sync(world)
    world.clock.now += 60_000
    expect(await stop(world)).toMatchObject([{ outcome: 'ok' }])
    expect(world.notes).toEqual([expect.stringContaining('does not tell what it did')])
    expect(await journalOf(world)).toMatchObject([{}, { verb: 'mta sync', outcome: 'unknown' }, { verb: 'mta stop' }])
    expect(await world.profile.orders.get(1)).toBeUndefined()
  })

  test('that may still be on its way is waited for by a change and only mentioned by a reader', async () => {
    const world = await memoryWorld(['mx1'])
    const mx1 = world.node('mx1')
    mx1.cut = 'before'
    await sync(world)
    const pending = await world.profile.orders.get(1)
    await mtaStatus(world.context, { all: true }, { concurrency: 1 })
    expect(world.notes).toEqual([expect.stringContaining('has not arrived at the node so far')])
    expect(await world.profile.orders.get(1)).toEqual(pending)

    const late = stop(world)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(mx1.calls).not.toContain('stop')
    mx1.orders.set(pending?.id ?? '', { id: pending?.id ?? '', verb: 'sync', state: 'done', outcome: 'failed' })
    expect(await late).toMatchObject([{ outcome: 'ok' }])
    expect(world.notes.at(-1)).toContain('failed')
  })

  test('that is still at work is a conflict for a change and only mentioned by a reader', async () => {
    const world = await memoryWorld(['mx1'])
    await world.profile.orders.put(1, { id: 'X1', verb: 'restart', at: '2026-11-24T03:59:00.000Z' })
    world.node('mx1').orders.set('X1', { id: 'X1', verb: 'restart', state: 'running' })
    expect(await stop(world)).toMatchObject([
      { outcome: 'conflict', error: { message: expect.stringContaining('still at work') as string } },
    ])
    expect(world.node('mx1').calls).not.toContain('stop')
    expect((await mtaStatus(world.context, { all: true }, { concurrency: 1 })).nodes).toMatchObject([{ outcome: 'ok' }])
    expect(await world.profile.orders.get(1)).toMatchObject({ id: 'X1' })
  })

  test('of another process that sees its end itself: a change waits for it, goes on, and says nothing of it', async () => {
    const world = await memoryWorld(['mx1'])
    const mx1 = world.node('mx1')
    await world.profile.orders.put(1, { id: 'X1', verb: 'start', at: '2026-11-24T03:59:00.000Z' })
    mx1.orders.set('X1', { id: 'X1', verb: 'start', state: 'running' })
    const stopping = stop(world)
    await until('it was looked at', 20, () => mx1.calls.includes('order') || undefined)
    mx1.orders.set('X1', { id: 'X1', verb: 'start', state: 'done', outcome: 'changed' })
    await world.profile.orders.clear(new Map([[1, 'X1']]))
    expect(await stopping).toMatchObject([{ outcome: 'ok' }])
    expect([mx1.calls.includes('stop'), world.notes]).toEqual([true, []])
    expect((await journalOf(world)).map(({ verb }) => verb)).toEqual(['mta stop'])
  })

  test('that died on the node left it as the record says', async () => {
    const world = await memoryWorld(['mx1'])
    const mx1 = world.node('mx1')
    mx1.record = { revision: 8, id: 'X1', settings: {}, by: 'ann@desk', at: '', reason: '', schema: 1 }
    await world.profile.orders.put(1, { id: 'X1', verb: 'sync', at: '2026-11-24T03:59:00.000Z' })
    mx1.orders.set('X1', { id: 'X1', verb: 'sync', state: 'died', revision: 8 })
    await mtaStatus(world.context, { all: true }, { concurrency: 1 })
    expect(world.notes[0]).toContain('was killed on the node before its end')
    expect(await baseOf(world)).toBe(8)
  })

  test('of another kind than a sync leaves the base alone', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').toldBy('bob@else', {})
    world.node('mx1').cut = 'after'
    await stop(world)
    await mtaStatus(world.context, { all: true }, { concurrency: 1 })
    expect(await baseOf(world)).toBeUndefined()
    expect(await world.profile.orders.get(1)).toBeUndefined()
  })
})

describe('compare and set', () => {
  test('another profile made the revision: conflict with who, when and which keys, and nothing is sent', async () => {
    const world = await memoryWorld(['mx1'])
    await set(world, { 'dns-lookup-timeout': 9 })
    world.node('mx1').toldBy('bob@else', { 'dns-lookup-timeout': 5 })
    const [outcome] = await sync(world)
    expect(outcome).toMatchObject({ outcome: 'conflict' })
    expect(outcome?.error?.detail).toEqual([
      'revision 1 was written by bob@else at 2026-11-24T03:00:00.000Z: theirs',
      'dns-lookup-timeout: 5s there, 9s in this profile',
    ])
    expect(outcome?.error?.hints).toContain('overwrite it: akctl mta sync mx1 --take-over')
    expect(world.node('mx1').calls).not.toContain('sync')
    expect(await sync(world, true)).toMatchObject([{ outcome: 'changed', result: { revision: 2 } }])
    expect(await baseOf(world)).toBe(2)
  })

  test('a node without a record, with revision 0, or with equal settings is taken over silently', async () => {
    const world = await memoryWorld(['mx1', 'mx2', 'mx3'])
    await set(world, { profiling: true })
    world.node('mx2').record = { revision: 0, id: 'install', settings: {}, by: 'bob', at: '', reason: '', schema: 1 }
    world.node('mx3').toldBy('bob@else', { profiling: true })
    expect((await sync(world)).map(({ outcome }) => outcome)).toEqual(['changed', 'changed', 'changed'])
  })

  test('equal settings are no licence once the base is known', async () => {
    const world = await memoryWorld(['mx1'])
    await sync(world)
    world.node('mx1').toldBy('bob@else', {})
    expect(await sync(world)).toMatchObject([
      { outcome: 'conflict', error: { message: expect.stringContaining('revision 2, not at 1') as string } },
    ])
  })

  test('a revision that one of the own orders made is the own one, even when its base was not kept', async () => {
    const world = await memoryWorld(['mx1'])
    await sync(world)
    await set(world, { profiling: true })
    await world.profile.update((data) => ({
      data: { ...data, nodes: data.nodes.map((node) => ({ ...node, baseRevision: 77 })) },
      result: undefined,
    }))
    expect(await sync(world)).toMatchObject([{ outcome: 'changed' }])
  })

  test.each([
    ['sync', sync],
    ['rollback', rollback],
  ])('somebody who comes in between look and order is found by the node and named: %s', async (verb, work) => {
    const world = await memoryWorld(['mx1'])
    await sync(world)
    world.node('mx1').during = () => void world.node('mx1').toldBy('eve@else', { profiling: true })
    const [outcome] = await work(world)
    expect(outcome).toMatchObject({ outcome: 'conflict' })
    expect(outcome?.error?.detail?.[0]).toContain('eve@else')
    expect(outcome?.error?.hints).toContain(`overwrite it: akctl mta ${verb} mx1 --take-over`)
    expect(world.node('mx1').record?.by).toBe('eve@else')
    expect(await world.profile.orders.get(1)).toBeUndefined()
  })

  test("a node that was set up anew is somebody else's, though its revision has the same number", async () => {
    const world = await memoryWorld(['mx1'])
    await sync(world)
    const { id, ...own } = world.node('mx1').record ?? world.node('mx1').toldBy('', {})
    expect(await known(world)).toEqual([1, id])
    world.node('mx1').record = { ...own, id: 'another', by: 'bob@else' }
    const [outcome] = await sync(world)
    expect([outcome?.outcome, outcome?.error?.message]).toEqual([
      'conflict',
      'somebody else has set up the node anew: its revision 1 is not the one that this profile knows',
    ])
    expect(world.node('mx1').calls.filter((call) => call === 'sync')).toHaveLength(1)
    expect((await rollback(world)).map(({ outcome: it }) => it)).toEqual(['conflict'])
  })

  test('a base that is known by its number alone counts as before, and has its id from the next sync on', async () => {
    const world = await memoryWorld(['mx1'])
    const { id } = world.node('mx1').toldBy('bob@else', {})
    await set(world, { profiling: true })
    await world.profile.update((data) => ({
      data: { ...data, nodes: data.nodes.map((node) => ({ ...node, baseRevision: 1 })) },
      result: undefined,
    }))
    expect(await sync(world)).toMatchObject([{ outcome: 'changed', result: { revision: 2 } }])
    expect(await known(world)).toEqual([2, world.node('mx1').record?.id])
    expect(world.node('mx1').record?.id).not.toBe(id)
  })
})

test('start syncs first, in two orders and one line of the journal; --no-sync sends one', async () => {
  const world = await memoryWorld(['mx1'])
  const start = (synced: boolean): Promise<readonly NodeOutcome<ChangeResult>[]> =>
    changeNodes(world.context, 'start', { ...RUN, selection: { all: true } }, (session) =>
      startNode(session, { sync: synced, dryRun: false, reason: '' }),
    )
  expect(await start(true)).toMatchObject([
    { outcome: 'changed', result: { verb: 'start', steps: ['wrote', 'started'], revision: 1 } },
  ])
  expect(world.node('mx1').calls).toEqual(['status', 'sync', 'start', 'close'])
  expect([await baseOf(world), await world.profile.orders.get(1)]).toEqual([1, undefined])
  const [line] = await journalOf(world)
  expect(line).toMatchObject({ verb: 'mta start', outcome: 'changed', revision: 1, orderId: line?.orderIds?.[1] })
  expect(line?.orderIds).toEqual([world.node('mx1').record?.id, expect.any(String)])
  await stop(world)
  world.node('mx1').calls.length = 0
  expect(await start(false)).toMatchObject([{ outcome: 'changed', result: { steps: ['started'] } }])
  expect(world.node('mx1').calls).toEqual(['start', 'close'])
})

test('a sync is known although the order after it, on the same node, failed', async () => {
  const world = await memoryWorld(['mx1'])
  const fleet = await loadFleet(world.context, { all: true })
  const outcomes = await visit(world.context, fleet, { concurrency: 1 }, CHANGE, async (session) => {
    await syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: '' })
    world.node('mx1').during = () => Promise.reject(new FailedError('no'))
    return { outcome: 'changed', result: await stopNode(session, { dryRun: false, reason: '' }) }
  })
  expect(outcomes).toMatchObject([{ outcome: 'failed' }])
  expect([await baseOf(world), await world.profile.orders.get(1)]).toEqual([1, undefined])
})

test('a run that dies in a start leaves what its sync has made with the note of the start: the next command knows the node', async () => {
  const world = await memoryWorld(['mx1'])
  await sync(world)
  await set(world, { profiling: true })
  const mx1 = world.node('mx1')
  let left: PendingOrder | undefined
  mx1.during = async () => {
    if (mx1.calls.at(-1) === 'start') left = await world.profile.orders.get(1)
  }
  await changeNodes(world.context, 'start', { ...RUN, selection: { all: true } }, (session) =>
    startNode(session, { sync: true, dryRun: false, reason: '' }),
  )
  const id = mx1.record?.id ?? ''
  expect(left).toMatchObject({ verb: 'start', base: { revision: 2, id } })
  mx1.during = undefined
  // As if it had been killed just then: the base is the one of before, the note is there, and no line in the journal.
  await world.profile.update((data) => ({
    data: { ...data, nodes: data.nodes.map((node) => withBase(node, { revision: 1, id: 'older' })) },
    result: undefined,
  }))
  await world.profile.orders.put(1, left ?? { id: '', verb: '', at: '' })
  world.profile.journal.list = () => Promise.resolve([])
  await set(world, { profiling: false })
  expect(await sync(world)).toMatchObject([{ outcome: 'changed', result: { revision: 3 } }])
  expect(await known(world)).toEqual([3, mx1.record?.id])
})

test('a revision is not written over what another process has found out and done since', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const fleet = await loadFleet(world.context, { all: true })
  const other = { id: 'X1', verb: 'sync', at: '2026-11-24T04:00:00.000Z' }
  await visit(world.context, fleet, { concurrency: 1 }, CHANGE, async (session) => {
    const result = await syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: '' })
    const { id } = session.node
    if (id === 1) await world.profile.orders.put(id, other)
    else await world.profile.orders.clear(new Map([[id, session.account.orderIds.at(-1) ?? '']]))
    return { outcome: 'changed', result }
  })
  const { nodes } = await world.profile.read()
  expect(nodes.map(({ baseRevision }) => baseRevision)).toEqual([undefined, undefined])
  expect(await world.profile.orders.get(1)).toEqual(other)
})

test('a conflict keeps a start from starting', async () => {
  const world = await memoryWorld(['mx1'])
  await set(world, { profiling: true })
  world.node('mx1').toldBy('bob@else', {})
  const outcomes = await changeNodes(world.context, 'start', { ...RUN, selection: { all: true } }, (session) =>
    startNode(session, { sync: true, dryRun: false, reason: '' }),
  )
  expect(outcomes).toMatchObject([{ outcome: 'conflict' }])
  expect(world.node('mx1').running).toBe(false)
})

test('order ids are unique, of one length, and sort by time', () => {
  const at = [0, 1, 1_000, 1_795_496_769_000, 1_795_496_769_001].map((ms) => newOrderId(new Date(ms)))
  expect(at).toEqual(at.toSorted())
  expect(at.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true)
  const now = new Date()
  expect(new Set(Array.from({ length: 2000 }, () => newOrderId(now))).size).toBe(2000)
})
