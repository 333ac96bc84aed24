// What a run in waves puts back when too many nodes have failed.
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { restartNode, startNode, stopNode } from '../../src/operations/mta/power.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { NAMES, outcomesOf, run, SYNC, synced as syncedOf, tell, told, waves, type Work } from '../support/rollout.ts'

const memoryWorld = memoryWorlds()
const synced = (settings?: Parameters<typeof syncedOf>[1]): Promise<MemoryWorld> => syncedOf(memoryWorld, settings)

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
    ...['mx1 changed', 'mx2 changed', 'mx3 changed', 'mx3 failed', 'mx4 skipped'],
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

/** The work of a run that fails at its second node, before an order is sent there. */
const failingAtSecond =
  (verb: Work): Work =>
  (session) => {
    if (session.node.name === 'mx2') throw new FailedError('no room')
    return verb(session)
  }

test('a node to which no order of this run got is not touched, whatever its operator does to it meanwhile', async () => {
  const world = await synced()
  const mx1 = world.node('mx1')
  Object.assign(mx1, { wanted: 'running' })
  const busy = {
    id: 'THEIRS',
    host: 'x',
    pid: 1,
    operation: 'mta sync',
    by: 'bob@x',
    reason: '',
    taken: 1,
    until: 61,
    kept: true,
  }
  mx1.kept = busy // this run's order is refused
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), {
    maxFail: 2,
    work: (session) => {
      if (session.node.name === 'mx2') Object.assign(mx1, { kept: undefined, running: false, wanted: 'stopped' })
      return failingAtSecond(SYNC)(session)
    },
  })
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect([mx1.running, mx1.wanted, mx1.calls.filter((call) => call === 'start')]).toEqual([false, 'stopped', []])
  expect(world.notes.filter((note) => note.includes('put back'))).toEqual([])
})

test("an operator's stop since this run's order wins: the whole node is left alone", async () => {
  const world = await synced()
  const mx1 = world.node('mx1')
  Object.assign(mx1, { wanted: 'running' })
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), {
    work: (session) => {
      if (session.node.name === 'mx2') Object.assign(mx1, { running: false, wanted: 'stopped' })
      return failingAtSecond(SYNC)(session)
    },
  })
  expect(outcomesOf(nodes)).toEqual(['conflict', 'failed', 'skipped', 'skipped'])
  expect(nodes[0]?.error?.message).toMatch(/could not be put back: somebody else has stopped the MTA since$/)
  expect([mx1.running, mx1.wanted, told(world)[0]]).toEqual([false, 'stopped', 5])
})

test.each([
  ['down though an order had started it: left running', 'running', false, true, 'running'],
  ['stopped by an order: stopped again', 'stopped', false, false, 'stopped'],
  ['stopped by an order that was cut half way: running, and to be stopped', 'stopped', true, false, 'stopped'],
  ['never started by an order: stopped again', undefined, false, false, 'stopped'],
] as const)('what an MTA should do is put back too: it was %s', async (_, wanted, running, runs, should) => {
  const world = await synced({ 'spool-readers': 3 })
  const mx1 = world.node('mx1')
  Object.assign(mx1, { running, wanted })
  const start = failingAtSecond((session) => restartNode(session, { dryRun: false, reason: 'a test' }))
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work: start })
  expect(nodes[1]?.outcome).toBe('failed')
  expect([mx1.running, mx1.wanted]).toEqual([runs, should])
})

test('a start that failed leaves a stopped MTA as one that should not run', async () => {
  const world = await synced({ 'spool-readers': 3 })
  const mx1 = world.node('mx1')
  Object.assign(mx1, { running: false, wanted: 'stopped' })
  mx1.during = () => {
    mx1.during = undefined
    mx1.wanted = 'running' // as its script does before it touches the process
    throw new FailedError('the MTA did not start')
  }
  const work: Work = (session) => startNode(session, { dryRun: false, reason: 'a test', sync: false })
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work })
  expect(nodes[0]?.error?.message).toBe('the MTA did not start; put back')
  expect([mx1.running, mx1.wanted]).toEqual([false, 'stopped'])
})

test('hand edits that the run replaced are not called put back: which, and where their text is', async () => {
  const world = await synced()
  world.node('mx1').edited = ['main.cf', 'base']
  const nodes = await run(world, waves('1', { onFailure: 'rollback' }), { work: failingAtSecond(SYNC) })
  expect(nodes[0]?.error?.message).toBe(
    'was changed as told, but the run failed; put back to revision 1, but for what was edited by hand (main.cf): their text is kept on the node in revisions/1/conf',
  )
  expect(world.notes).toContain('warning: but for files edited by hand, which stay replaced: mx1')
})

test('edits that somebody has made by hand since are named when they are replaced', async () => {
  const world = await synced()
  const edits: Work = (session) => {
    if (session.node.name === 'mx2') world.node('mx1').edited = ['master.cf']
    return failingAtSecond(SYNC)(session)
  }
  await run(world, waves('1', { onFailure: 'rollback' }), { work: edits })
  expect(world.notes).toContain(
    'warning: mx1: files edited by hand were replaced: master.cf; their text is kept on the node in revisions/2/conf',
  )
})

test('Ctrl-C before anything is put back: each node says so, and the run was cancelled', async () => {
  const world = await synced()
  world.node('mx2').during = () => {
    world.abort.abort()
    throw new FailedError('no room')
  }
  const nodes = await run(world, waves('1', { gate: undefined, onFailure: 'rollback' }))
  expect(outcomesOf(nodes)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled'])
  expect(nodes[0]?.error?.message).toMatch(/^was changed as told, but the run failed; could not be put back: cancelled/)
  expect(nodes[1]?.error?.message).toMatch(/^no room; could not be put back: cancelled/)
  expect(world.notes).toContain('warning: not put back, as the run was cancelled: mx[1-2]')
  expect(told(world)).toEqual([5, 3, 3, 3])
})
