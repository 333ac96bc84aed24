import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import type { Settings } from '../../src/node/settings.ts'
import { changeNodes } from '../../src/operations/mta/change.ts'
import { startNode, stopNode } from '../../src/operations/mta/power.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import type { Waves } from '../../src/operations/rollout/waves.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { parseSerial } from '../../src/fleet/waves.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const NAMES = ['mx1', 'mx2', 'mx3', 'mx4']
const GATE = { timeout: 0, queueGrowth: 10 }

const waves = (serial: string, more: Partial<Waves> = {}): Waves => ({
  ...{ serial: parseSerial(serial), pause: 0, gate: GATE, onFailure: 'stop' },
  ...more,
})

type Work = Parameters<typeof changeNodes>[3]
const SYNC: Work = (session) => syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: 'a test' })

/** Four running nodes that were told 3 spool readers and are to be told 5. */
async function synced(settings: Settings = { 'spool-readers': 5 }): Promise<MemoryWorld> {
  const world = await memoryWorld(NAMES)
  await tell(world, { 'spool-readers': 3 })
  for (const name of NAMES) world.node(name).running = true
  await run(world, undefined)
  await tell(world, settings)
  return world
}

async function tell({ profile }: MemoryWorld, settings: Settings): Promise<void> {
  await profile.update((data) => ({ data: { ...data, defaults: settings }, result: undefined }))
}

function run(
  { context }: MemoryWorld,
  how: Waves | undefined,
  more: { readonly maxFail?: number; readonly work?: Work; readonly told?: NodeOutcome<unknown>[] } = {},
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  const { maxFail, work = SYNC, told } = more
  const width = {
    concurrency: 4,
    ...(maxFail === undefined ? {} : { maxFail: { amount: maxFail, unit: 'nodes' as const } }),
    ...(told === undefined ? {} : { onNode: (outcome: NodeOutcome<unknown>) => void told.push(outcome) }),
  }
  const rest = { width, consent: { above: 100, yes: true }, dryRun: false, reason: undefined }
  return changeNodes(context, 'sync', { ...rest, waves: how, selection: { all: true } }, work)
}

const outcomesOf = (nodes: readonly NodeOutcome<ChangeResult>[]): string[] => nodes.map(({ outcome }) => outcome)
const told = (world: MemoryWorld): unknown[] => NAMES.map((name) => world.node(name).record?.settings['spool-readers'])

test('every wave is said, changed, and looked at before the next one starts', async () => {
  const world = await synced()
  let looked = 0
  world.node('mx2').during = () => {
    looked = world.node('mx1').calls.filter((call) => call === 'status').length
  }
  const before = world.node('mx1').calls.filter((call) => call === 'status').length
  expect(outcomesOf(await run(world, waves('1,2,100%')))).toEqual(['changed', 'changed', 'changed', 'changed'])
  expect(looked - before).toBe(2) // its own, and the gate's
  for (const name of NAMES) expect(world.node(name).calls).not.toContain('order') // no order of this run is in doubt
  expect(world.notes).toEqual(['wave 1 of 3: 1 node', 'wave 2 of 3: 2 nodes', 'wave 3 of 3: 1 node'])
  expect(told(world)).toEqual([5, 5, 5, 5])
})

test('a node that is not well after its change has failed, and the later waves are skipped, saying why', async () => {
  const world = await synced()
  world.node('mx2').during = () => void (world.node('mx2').running = true)
  const dying: Work = async (session) => {
    const result = await SYNC(session)
    if (session.node.name === 'mx2') world.node('mx2').running = false
    return result
  }
  const nodes = await run(world, waves('1'), { work: dying })
  expect(outcomesOf(nodes)).toEqual(['changed', 'failed', 'skipped', 'skipped'])
  expect(nodes[1]).toMatchObject({
    result: { verb: 'sync', revision: 2 },
    error: { kind: 'failed', message: 'did not pass the health gate within 0 s: the MTA is not running' },
  })
  expect(nodes[2]?.error?.message).toBe('left out: a node failed before (--max-fail 1)')
  expect(told(world)).toEqual([5, 5, 3, 3])
  const journal = await world.profile.journal.list({ node: 'mx2', limit: 1 })
  expect(journal).toMatchObject([
    { verb: 'mta sync', outcome: 'failed', message: expect.stringContaining('health gate') as string },
  ])
})

test.each([
  ['has grown too much', 11, 'failed'],
  ['has grown within the bound', 10, 'changed'],
])('a queue that %s', async (_, growth, outcome) => {
  const world = await synced()
  world.node('mx1').queue = 100
  world.node('mx1').during = () => void (world.node('mx1').queue = 100 + growth)
  const [mx1] = await run(world, waves('1'))
  expect(mx1?.outcome).toBe(outcome)
  const why = outcome === 'failed' ? 'its queue has grown by 11 messages (10 are allowed)' : ''
  expect(mx1?.error?.message ?? '').toContain(why)
})

test('without a gate nobody looks', async () => {
  const world = await synced()
  world.node('mx1').during = () => void (world.node('mx1').queue = 100_000)
  expect(outcomesOf(await run(world, waves('1', { gate: undefined })))).toEqual(['changed', 'changed', 'changed', 'changed'])
})

test('the limit counts over the whole selection, whatever the wave', async () => {
  const world = await synced()
  world.node('mx1').cut = 'before'
  world.node('mx3').cut = 'before'
  expect(outcomesOf(await run(world, waves('1'), { maxFail: 2 }))).toEqual(['unknown', 'changed', 'unknown', 'skipped'])
})

test('a run that fails puts back what it changed, and nothing else; what was put back is never called changed', async () => {
  const world = await synced()
  world.node('mx3').during = () => void (world.node('mx3').queue = 999)
  const seen: NodeOutcome<unknown>[] = []
  const nodes = await run(world, waves('1,2,1', { onFailure: 'rollback' }), { told: seen })
  expect(outcomesOf(nodes)).toEqual(['failed', 'failed', 'failed', 'skipped'])
  expect(told(world)).toEqual([3, 3, 3, 3])
  expect(nodes[0]).toMatchObject({
    result: { steps: ['wrote'], putBack: { to: 1, revision: 3 } },
    error: { message: 'was changed as told, but the run failed; put back to revision 1' },
  })
  expect(nodes[2]?.error?.message).toMatch(/^did not pass the health gate .*; put back to revision 1$/)
  expect(world.node('mx4').record?.revision).toBe(1)
  expect(world.notes).toContain('rollback: 3 nodes')
  expect(world.notes).toContain('warning: put back to what they had before this run: mx[1-3]')
  expect(seen.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual([
    ...['mx1 changed', 'mx2 changed', 'mx3 failed', 'mx4 skipped'],
    ...['mx1 failed', 'mx2 failed', 'mx3 failed'],
  ])
  // The next sync knows the node as its own.
  expect(outcomesOf(await run(world, undefined))).toEqual(['changed', 'changed', 'changed', 'changed'])
})

test('an order whose end was not seen is looked up, and put back when it was carried out', async () => {
  const world = await synced()
  world.node('mx2').cut = 'after'
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }))
  expect(outcomesOf(nodes)).toEqual(['failed', 'failed', 'skipped', 'skipped'])
  expect(nodes[1]?.error?.message).toMatch(/; put back to revision 1$/)
  expect(told(world)).toEqual([3, 3, 3, 3])
})

test('a node that somebody else has changed since is left alone, and that is its outcome', async () => {
  const world = await synced()
  const theirs: Work = (session) => {
    if (session.node.name !== 'mx2') return SYNC(session)
    world.node('mx1').toldBy('bob@desk', { 'spool-readers': 9 })
    throw new FailedError('no room')
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work: theirs })
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toBe(
    'was changed as told, but the run failed; could not be put back: somebody else has changed the node since: revision 3 is by bob@desk',
  )
  expect(told(world)[0]).toBe(9)
})

test.each([
  ['started', false, startNode],
  ['stopped', true, stopNode],
])('an MTA that this run %s is put back too', async (_, running, verb) => {
  const world = await synced({ 'spool-readers': 3 })
  for (const name of NAMES) world.node(name).running = running
  const work: Work = (session) => {
    if (session.node.name === 'mx2') throw new FailedError('no room')
    return verb(session, { dryRun: false, reason: 'a test', sync: false })
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work })
  expect(outcomesOf(nodes)).toEqual(['failed', 'failed', 'skipped', 'skipped'])
  expect(nodes[0]?.result?.putBack).toEqual({ power: running ? 'started' : 'stopped' })
  expect(NAMES.map((name) => world.node(name).running)).toEqual(NAMES.map(() => running))
})

test('a start that told settings first and failed is put back whole: what it told is its own, though another order followed', async () => {
  const world = await synced()
  for (const name of NAMES) world.node(name).running = false
  const { calls } = world.node('mx2')
  world.node('mx2').during = () => {
    if (calls.at(-1) === 'start') throw new FailedError('the port is in use')
  }
  const work: Work = (session) => startNode(session, { dryRun: false, reason: 'a test', sync: true })
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work })
  expect(outcomesOf(nodes)).toEqual(['failed', 'failed', 'skipped', 'skipped'])
  expect(nodes[1]?.error?.message).toBe('the port is in use; put back to revision 1')
  expect(told(world)).toEqual([3, 3, 3, 3])
  expect(NAMES.map((name) => world.node(name).running)).toEqual([false, false, false, false])
})

test('another run of this very profile is somebody else: what it told a node since is not put back', async () => {
  const world = await synced()
  const both: Work = async (session) => {
    if (session.node.name !== 'mx2') return SYNC(session)
    const { id } = world.node('mx1').toldBy('ann@desk', { 'spool-readers': 9 })
    const entry = { at: '2026-11-24T04:00:00.000Z', by: 'ann@desk', verb: 'mta sync', node: 'mx1', outcome: 'changed' as const }
    await world.profile.journal.append([{ ...entry, orderId: id }])
    throw new FailedError('no room')
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work: both })
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toMatch(/could not be put back: somebody else has changed the node since: revision 3/)
  expect(told(world)[0]).toBe(9)
})

test('somebody who comes in between the look at a node and its way back is not overwritten', async () => {
  const world = await synced()
  world.node('mx2').queue = 0
  const work: Work = async (session) => {
    const result = await SYNC(session)
    if (session.node.name === 'mx2') {
      world.node('mx2').queue = 999
      world.node('mx1').during = () => void world.node('mx1').toldBy('bob@desk', { 'spool-readers': 9 })
    }
    return result
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work })
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect(told(world)).toEqual([9, 3, 3, 3])
})

test('a node that went back by itself to what its process had loaded is put back to what it had, as nobody else was there', async () => {
  const world = await synced()
  const mx1 = world.node('mx1')
  const loaded = mx1.record
  await run(world, undefined) // revision 2, which mx1 was told with --no-restart
  await tell(world, { 'spool-readers': 7 })
  const status = mx1.status.bind(mx1)
  mx1.status = async () => ({ ...(await status()), loaded: 1 })
  mx1.during = () => {
    mx1.during = undefined
    mx1.record = loaded
    throw new FailedError('the MTA did not come up healthy with revision 3; the node is back at revision 1')
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }))
  expect(nodes[0]?.error?.message).toMatch(/back at revision 1; put back to revision 2$/)
  expect(told(world)).toEqual([5, 5, 5, 5])
})

test('Ctrl-C ends the waves: no new node, no gate, nothing is put back, and that is said', async () => {
  const world = await synced()
  world.node('mx2').during = () => {
    world.abort.abort()
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }))
  expect(outcomesOf(nodes)).toEqual(['changed', 'changed', 'cancelled', 'cancelled'])
  expect(told(world)).toEqual([5, 5, 3, 3])
})

test('Ctrl-C at the gate: what was changed is called changed, and that nobody looked at it is said', async () => {
  const world = await synced()
  const mx1 = world.node('mx1')
  mx1.during = () => {
    mx1.queue = 999
    mx1.statusCalled = () => {
      world.abort.abort()
    }
  }
  const nodes = await run(world, waves('1', { gate: { timeout: 3600, queueGrowth: 10 } }))
  expect(outcomesOf(nodes)).toEqual(['changed', 'cancelled', 'cancelled', 'cancelled'])
  expect(world.notes).toContain('warning: changed, but not looked at, as the run was cancelled: mx1')
})

test('a journal that cannot be written does not end the run: what was found is the outcome', async () => {
  const world = await synced()
  world.node('mx1').during = () => {
    world.node('mx1').queue = 999
    world.profile.journal.append = () => Promise.reject(new Error('disk full'))
  }
  const nodes = await run(world, waves('1'))
  expect(outcomesOf(nodes)).toEqual(['failed', 'skipped', 'skipped', 'skipped'])
  expect(world.notes.filter((note) => note.includes('the journal could not be written: disk full'))).toHaveLength(2)
})

test('the pause is between waves, and ends at Ctrl-C', async () => {
  const world = await synced()
  world.node('mx1').during = () => void setTimeout(() => world.abort.abort(), 50)
  const nodes = await run(world, waves('1', { pause: 3600 }))
  expect(outcomesOf(nodes)).toEqual(['changed', 'cancelled', 'cancelled', 'cancelled'])
})

test('after the last wave nobody waits', async () => {
  const world = await synced()
  const nodes = await run(world, waves('100%', { pause: 3600 }))
  expect(outcomesOf(nodes)).toEqual(['changed', 'changed', 'changed', 'changed'])
})

/** Whose leases are kept as each of the nodes is looked at. */
function keptAtLooks(world: MemoryWorld): string[] {
  const seen: string[] = []
  for (const name of NAMES) {
    world.node(name).statusCalled = () => {
      seen.push(`${name}: ${NAMES.filter((other) => world.node(other).kept !== undefined).join(' ')}`)
    }
  }
  return seen
}

test.each([
  ['stop', ['mx1: ', 'mx1: mx1', 'mx2: ', 'mx2: mx2', 'mx3: ', 'mx3: mx3', 'mx4: ', 'mx4: mx4']],
  [
    'rollback',
    [
      ...['mx1: ', 'mx1: mx1', 'mx2: mx1', 'mx2: mx1 mx2', 'mx3: mx1 mx2', 'mx3: mx1 mx2 mx3'],
      ...['mx4: mx1 mx2 mx3', 'mx4: mx1 mx2 mx3 mx4'],
    ],
  ],
] as const)('a node is kept until the run is through with it: --on-failure %s', async (onFailure, looks) => {
  const world = await synced()
  const seen = keptAtLooks(world)
  await run(world, waves('1', { onFailure }))
  expect(seen).toEqual(looks)
  expect(NAMES.map((name) => world.node(name).kept)).toEqual([undefined, undefined, undefined, undefined])
})

test('a run that does not come back to its nodes keeps none', async () => {
  const world = await synced()
  const seen = keptAtLooks(world)
  await run(world, waves('1', { gate: undefined }))
  expect(seen).toEqual(['mx1: ', 'mx2: ', 'mx3: ', 'mx4: '])
})

test('a node whose lease was taken away is not put back, and that is said; however a run ends, it keeps nothing', async () => {
  const world = await synced()
  world.node('mx2').during = () => {
    world.node('mx1').kept = undefined
    world.node('mx2').queue = 999
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }))
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toMatch(/could not be put back: locked/)
  expect(told(world)).toEqual([5, 3, 3, 3])
  expect(NAMES.map((name) => world.node(name).kept)).toEqual([undefined, undefined, undefined, undefined])
})
