import { FailedError, TimeoutError } from '../../src/outcome/errors.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { NAMES, outcomesOf, run, SYNC, synced as syncedOf, told, waves, type Work } from '../support/rollout.ts'

const memoryWorld = memoryWorlds()
const synced = (): Promise<MemoryWorld> => syncedOf(memoryWorld)

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

test.each(['mute', 'hung'] as const)('an MTA that is %s after its change is not well, though it runs', async (how) => {
  const world = await synced()
  const spoiling: Work = async (session) => {
    const result = await SYNC(session)
    world.node(session.node.name)[how] = true
    return result
  }
  const nodes = await run(world, waves('1'), { work: spoiling })
  expect(outcomesOf(nodes)).toEqual(['failed', 'skipped', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toBe('did not pass the health gate within 0 s: the MTA runs and does not answer')
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

test.each([
  ['further than a status counts', 9_995, 500_000, 'failed', 'its queue has grown by at least 11 messages (10 are allowed)'],
  ['within the bound, near to where a status stops', 9_995, 10_005, 'changed', ''],
  ['from more than a status counts', 20_000, 900_000, 'changed', ''],
])('a queue that has grown %s', async (_, before, after, outcome, why) => {
  const world = await synced()
  const mx1 = world.node('mx1')
  mx1.queue = before
  mx1.during = () => void (mx1.queue = after)
  const [first] = await run(world, waves('1'))
  expect(first?.outcome).toBe(outcome)
  expect(first?.error?.message ?? '').toContain(why)
  const unjudged = world.notes.filter((note) => note.startsWith('warning: the queues of mx1 held more than 10000 messages'))
  expect(unjudged).toHaveLength(before > 10_000 ? 1 : 0)
})

test.each([
  ['answers within its time', 1000, 'changed'],
  ['does not answer within its time', 31_000, 'timeout'],
])('a node that can not be asked at once is asked again: it %s', async (_, passed, outcome) => {
  const world = await synced()
  const mx1 = world.node('mx1')
  mx1.during = () => {
    mx1.lost = new TimeoutError('no answer')
    mx1.statusCalled = () => {
      world.clock.now += passed
      mx1.statusCalled = () => void (mx1.lost = undefined)
    }
  }
  const [first] = await run(world, waves('1', { gate: { timeout: 30, queueGrowth: 10 } }))
  expect(first?.outcome).toBe(outcome)
})

test('a node that had nothing to change is looked at too: a run that is done again does not go past one that is down', async () => {
  const world = await synced()
  await run(world, undefined)
  const mx1 = world.node('mx1')
  Object.assign(mx1, { running: false, wanted: 'running' })
  const idle: Work = async (session) => ({ ...(await SYNC(session)), steps: [] })
  const nodes = await run(world, waves('1'), { work: idle })
  expect(outcomesOf(nodes)).toEqual(['failed', 'skipped', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toContain('the MTA is not running')
  expect(NAMES.map((name) => world.node(name).kept)).toEqual([undefined, undefined, undefined, undefined])
})

test('a record is told when a node has its outcome, not after pause and gate; and again when the gate finds another', async () => {
  const world = await synced()
  const seen: NodeOutcome<unknown>[] = []
  const [mx1, mx2] = [world.node('mx1'), world.node('mx2')]
  const at: string[][] = []
  mx1.during = () => {
    mx1.queue = 999
    mx1.statusCalled = () => void at.push(seen.map(({ node, outcome }) => `${node} ${outcome}`).sort())
  }
  mx2.during = () => {
    throw new FailedError('no room')
  }
  await run(world, waves('2'), { told: seen, maxFail: 3 })
  expect(at).toEqual([['mx1 changed', 'mx2 failed']])
  expect(seen.filter(({ node }) => node === 'mx1').map(({ outcome }) => outcome)).toEqual(['changed', 'failed'])
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

test('Ctrl-C ends the waves: no new node, no gate, nothing is put back, and that is said', async () => {
  const world = await synced()
  world.node('mx2').during = () => {
    world.abort.abort()
  }
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }))
  expect(outcomesOf(nodes)).toEqual(['changed', 'cancelled', 'cancelled', 'cancelled'])
  expect(nodes[1]).toMatchObject({
    result: { steps: ['wrote'] },
    error: { message: 'was changed as told, but was not looked at, as the run was cancelled' },
  })
  expect(told(world)).toEqual([5, 5, 3, 3])
})

test('Ctrl-C at the gate of the last wave: the run was cancelled, and what nobody looked at is named', async () => {
  const world = await synced()
  const mx1 = world.node('mx1')
  mx1.during = () => {
    mx1.queue = 999
    mx1.statusCalled = () => {
      world.abort.abort()
    }
  }
  const nodes = await run(world, waves('100%', { gate: { timeout: 3600, queueGrowth: 10 } }))
  expect(outcomesOf(nodes)).toContain('cancelled')
  expect(nodes[0]).toMatchObject({ outcome: 'cancelled', result: { steps: ['wrote'], revision: 2 } })
  expect(world.notes.filter((note) => /^warning: changed, but not looked at, .*: mx/.test(note))).toHaveLength(1)
  expect(told(world)).toEqual([5, 5, 5, 5])
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
  expect(outcomesOf(nodes)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled'])
  expect(told(world)).toEqual([5, 3, 3, 3])
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
