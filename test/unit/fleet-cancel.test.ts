import { loadFleet } from '../../src/operations/run/fleet.ts'
import { visit, type Purpose } from '../../src/operations/run/visit.ts'
import { stopNode } from '../../src/operations/mta/power.ts'
import { memoryWorlds } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const CHANGE: Purpose = { kind: 'change', verb: 'mta stop' }

describe('Ctrl-C', () => {
  test('lets an order that is under way finish, and starts no new node', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    world.node('mx1').running = true
    let cut: boolean | undefined
    world.node('mx1').during = () => {
      world.abort.abort()
      cut = world.node('mx1').signal?.aborted
    }
    const fleet = await loadFleet(world.context, { all: true })
    const outcomes = await visit(world.context, fleet, { concurrency: 1 }, CHANGE, async (session) => ({
      outcome: 'changed',
      result: await stopNode(session, { dryRun: false, reason: '' }),
    }))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['changed', 'cancelled'])
    expect([cut, world.node('mx1').signal?.aborted]).toEqual([false, true])
    expect(world.node('mx1').running).toBe(false)
    expect(world.node('mx2').calls).toEqual([])
    expect(await world.profile.orders.get(1)).toBeUndefined()
  })

  test('while several orders are under way says once how long they have', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    let release = (): void => undefined
    const both = new Promise<void>((resolve) => (release = resolve))
    let underway = 0
    for (const name of ['mx1', 'mx2']) {
      world.node(name).running = true
      world.node(name).during = async () => {
        underway += 1
        if (underway === 2) release()
        await both
        world.abort.abort()
      }
    }
    const fleet = await loadFleet(world.context, { all: true })
    const outcomes = await visit(world.context, fleet, { concurrency: 2 }, CHANGE, async (session) => ({
      outcome: 'changed',
      result: await stopNode(session, { dryRun: false, reason: '' }),
    }))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['changed', 'changed'])
    expect(world.notes).toEqual([
      expect.stringMatching(/^interrupted: no further node is begun, and orders under way have \d+ s to end/),
    ])
  })

  test('before an order is sent keeps it from being sent', async () => {
    const world = await memoryWorld(['mx1'])
    const fleet = await loadFleet(world.context, { all: true })
    const outcomes = await visit(world.context, fleet, { concurrency: 1 }, CHANGE, async (session) => {
      await session.connection.status()
      world.abort.abort()
      return { outcome: 'changed', result: await stopNode(session, { dryRun: false, reason: '' }) }
    })
    expect(outcomes).toMatchObject([{ outcome: 'cancelled' }])
    expect(world.node('mx1').calls).not.toContain('stop')
    expect(await world.profile.orders.get(1)).toBeUndefined()
  })
})
