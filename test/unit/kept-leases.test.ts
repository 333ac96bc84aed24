// The leases that a run keeps beyond its orders, over nodes in memory.
import { ciJobUrl } from '../../src/node/lease.ts'
import { claimText } from '../../src/mta/shared/lease.ts'
import { KeptLeases } from '../../src/operations/run/kept-leases.ts'
import { loadFleet } from '../../src/operations/run/fleet.ts'
import { visit } from '../../src/operations/run/visit.ts'
import { stopNode } from '../../src/operations/mta/power.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import { FailedError, UnreachableError } from '../../src/outcome/errors.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { newClaim } from '../support/local-node.ts'
import { type MemoryWorld, memoryWorlds } from '../support/memory-node.ts'
import { until } from '../support/until.ts'

const memoryWorld = memoryWorlds()

/** A lease that a beat renews every 20 ms. */
const QUICK = 0.06

async function stop(world: MemoryWorld, leases?: KeptLeases, release = false): Promise<readonly NodeOutcome<unknown>[]> {
  const fleet = await loadFleet(world.context, { all: true })
  const purpose = { kind: 'change', verb: 'mta stop', leases } as const
  return visit(world.context, fleet, { concurrency: 4 }, purpose, async (session) => {
    const result = await stopNode(session, { dryRun: false, reason: 'a test' })
    if (release) await leases?.release(session.node, session.connection)
    return { outcome: 'ok', result }
  })
}

const outcomes = (all: readonly NodeOutcome<unknown>[]): readonly string[] => all.map(({ outcome }) => outcome)
const count = (world: MemoryWorld, name: string, call: string): number =>
  world.node(name).calls.filter((made) => made === call).length

test('a plain order keeps nothing, and asks nothing more of a node', async () => {
  const world = await memoryWorld(['mx1'])
  await stop(world)
  expect(world.node('mx1').kept).toBeUndefined()
  expect(world.node('mx1').calls).toEqual(['stop', 'close'])
})

test('orders of a run keep their leases, which are renewed until they are given up', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const leases = new KeptLeases(world.context, undefined, QUICK)
  await stop(world, leases)
  const { id } = world.context.runner
  for (const name of ['mx1', 'mx2']) {
    expect(world.node(name).kept).toMatchObject({ id, by: 'ann@desk', host: 'desk', pid: 4711, operation: 'mta stop' })
    await until(`three renewals of ${name}`, 20, () => count(world, name, 'renewLease') > 2 || undefined)
  }
  expect(outcomes(await stop(world, leases))).toEqual(['ok', 'ok'])
  await leases.releaseAll()
  expect([world.node('mx1').kept, world.node('mx2').kept]).toEqual([undefined, undefined])
  const after = count(world, 'mx1', 'renewLease')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(count(world, 'mx1', 'renewLease')).toBe(after)
  expect(world.notes).toEqual([])
})

test('one is given up over the connection that is there, and another run may come', async () => {
  const world = await memoryWorld(['mx1'])
  const leases = new KeptLeases(world.context)
  await stop(world, leases, true)
  expect(world.node('mx1').calls).toEqual(['stop', 'releaseLease', 'close'])
  expect(
    outcomes(await stop({ ...world, context: { ...world.context, runner: { ...world.context.runner, id: 'OTHER' } } })),
  ).toEqual(['ok'])
  await leases.releaseAll()
  expect(count(world, 'mx1', 'releaseLease')).toBe(1)
})

test('a lease that is gone is warned of once, is not taken again, and does not keep the others from being renewed', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const leases = new KeptLeases(world.context, undefined, QUICK)
  await stop(world, leases)
  world.node('mx1').kept = undefined
  await until('it was found out', 20, () => world.notes.length > 0 || undefined)
  const renewals = count(world, 'mx2', 'renewLease')
  await until('the other is renewed', 20, () => count(world, 'mx2', 'renewLease') > renewals + 2 || undefined)
  expect(world.notes).toEqual(['warning: mx1: the lease is gone'])
  const [first, second] = await stop(world, leases)
  expect([first?.outcome, second?.outcome]).toEqual(['conflict', 'ok'])
  expect(first?.error).toMatchObject({ kind: 'locked', message: 'locked; see akctl locks show NODE' })
  expect(world.node('mx1').kept).toBeUndefined()
  await leases.releaseAll()
})

test('a node that is out of reach is tried again, and one that can’t be asked at the end is warned of', async () => {
  const world = await memoryWorld(['mx1'])
  const leases = new KeptLeases(world.context, undefined, QUICK)
  await stop(world, leases)
  const mx1 = world.node('mx1')
  const away = (): Promise<never> => Promise.reject(new UnreachableError('no route'))
  const [renew, release] = [mx1.renewLease.bind(mx1), mx1.releaseLease.bind(mx1)]
  let tries = 0
  Object.assign(mx1, { renewLease: () => ((tries += 1), away()), releaseLease: away })
  await until('it is tried again', 20, () => tries > 2 || undefined)
  Object.assign(mx1, { renewLease: renew })
  await until('it is renewed again', 20, () => count(world, 'mx1', 'renewLease') > 0 || undefined)
  expect(world.notes).toEqual([])
  await leases.releaseAll()
  expect(world.notes).toEqual([expect.stringMatching(/^warning: mx1: the lease could not be given up, .* no route$/)])
  Object.assign(mx1, { releaseLease: release })
})

test('a node that hangs does not keep the leases of others from being renewed', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const leases = new KeptLeases(world.context, undefined, QUICK)
  const cut: (AbortSignal | undefined)[] = []
  const hang = (): Promise<never> => new Promise(() => void cut.push(world.node('mx1').signal))
  Object.assign(world.node('mx1'), { renewLease: hang })
  await stop(world, leases)
  await until('the other is renewed, and again', 20, () => count(world, 'mx2', 'renewLease') > 3 || undefined)
  await until('the one that hangs is tried again', 20, () => cut.length > 1 || undefined)
  expect(cut[0]?.aborted).toBe(true) // and is not waited for any more
  await leases.releaseAll()
})

test('a lease that a failed order has left is renewed too, where it has left one', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const leases = new KeptLeases(world.context, undefined, QUICK)
  world.node('mx1').during = () => Promise.reject(new FailedError('the MTA did not stop'))
  world.node('mx2').during = () => {
    world.node('mx2').kept = undefined
    throw new FailedError('the MTA did not stop')
  }
  expect(outcomes(await stop(world, leases))).toEqual(['failed', 'failed'])
  await until('it is renewed', 20, () => count(world, 'mx1', 'renewLease') > 2 || undefined)
  expect(leases.claim((await loadFleet(world.context, { names: ['mx1'] })).nodes[0] as never, 'x').held).toBe(true)
  expect(count(world, 'mx2', 'renewLease')).toBe(1) // it was not there: nothing to renew, and nothing to warn of
  expect(world.notes).toEqual([])
  await leases.releaseAll()
})

test('what a failed order may have left is given up too, what was refused because of a lease is not touched', async () => {
  const world = await memoryWorld(['mx1', 'mx2'])
  const leases = new KeptLeases(world.context)
  world.node('mx1').during = () => Promise.reject(new FailedError('the MTA did not stop'))
  const theirs = newClaim({ keep: true })
  world.node('mx2').kept = { ...theirs, by: 'bob@desk', reason: '', taken: 1, until: 2, kept: true }
  expect(outcomes(await stop(world, leases))).toEqual(['failed', 'conflict'])
  expect(world.node('mx1').kept).toBeDefined()
  await leases.releaseAll()
  expect(world.node('mx1').kept).toBeUndefined()
  expect(world.node('mx2').kept?.id).toBe(theirs.id)
  expect(count(world, 'mx2', 'releaseLease')).toBe(0)
})

test('a refusal because of a lease is told as it is, with the node’s own name, though the node is at another revision as well', async () => {
  const world = await memoryWorld(['mx1'])
  const mx1 = world.node('mx1')
  mx1.kept = { ...newClaim(), by: 'bob@desk', reason: '', taken: 1, until: 2, kept: true }
  const sync = mx1.sync.bind(mx1)
  Object.assign(mx1, { sync: (order: never) => (mx1.toldBy('bob@desk', { profiling: true }), sync(order)) })
  const fleet = await loadFleet(world.context, { all: true })
  const purpose = { kind: 'change', verb: 'mta sync' } as const
  const [outcome] = await visit(world.context, fleet, { concurrency: 1 }, purpose, async (session) => ({
    outcome: 'ok',
    result: await syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: '' }),
  }))
  expect(outcome?.error).toMatchObject({ kind: 'locked' })
})

test('the page of a CI job, by GitLab and GitHub', () => {
  const github = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7' }
  expect(ciJobUrl({ CI_JOB_URL: 'https://gitlab.com/a/-/jobs/1', ...github })).toBe('https://gitlab.com/a/-/jobs/1')
  expect(ciJobUrl({ CI_JOB_URL: '', ...github })).toBe('https://github.com/a/b/actions/runs/7')
  expect(ciJobUrl({ ...github, GITHUB_RUN_ID: undefined })).toBeUndefined()
})

test('a claim is lines, whatever is in its texts', () => {
  const lease = newClaim({ id: 'X', ttl: 9, keep: true, job: 'https://x\r\nkept=no', operation: 'a\u2028b' })
  expect(claimText({ by: 'o@h\0', reason: 'end\nid=Y', lease }).split('\n')).toEqual([
    ...['X 9 yes no', 'id=X', 'by=o@h ', 'host=here', `pid=${process.pid}`, 'job=https://x kept=no'],
    ...['operation=a b', 'reason=end id=Y', ''],
  ])
})
