// The lease of a node, as the shared scripts keep it, with a toy MTA: they are the same for every MTA, and must run in every sh.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Order } from '../../src/connection/port.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { installScript, powerScript } from '../../src/mta/shared/operations.ts'
import type { LeaseClaim } from '../../src/node/lease.ts'
import { ConflictError, NodeLockedError } from '../../src/outcome/errors.ts'
import { killedAfter, places, textOf } from '../support/kill-lines.ts'
import { LocalNode, newClaim, newOrder, newSync } from '../support/local-node.ts'
import { toy, toyFolder, toyNode } from '../support/toy.ts'
import { until } from '../support/until.ts'
import { WrappedHost } from '../support/wrapped-host.ts'

const folder = toyFolder()
let made = 0
function place(): string {
  made += 1
  return join(folder, `t${made}`)
}

const JOB = 'https://ci.example.com/jobs/1?a=b c'

/** An order of one run. */
function order(claim: Partial<LeaseClaim> = {}, change: Partial<Order> = {}): Order {
  return { ...newOrder(0), ...change, lease: newClaim(claim) }
}

const keeping = (change: Partial<LeaseClaim> = {}): LeaseClaim => newClaim({ keep: true, ...change })

/** The same node, whose changing scripts stand still under their lock as long as the file `hold` is there. */
function slow(node: LocalNode): LocalNode {
  const still = 'mta_installed() { while [ -e "$DIR/hold" ]; do ak_nap; done; [ -d "$BASE" ]; }'
  writeFileSync(join(node.directory, 'hold'), '')
  return new LocalNode({ ...toy, functions: `${toy.functions}\n${still}` }, node.installation)
}

/** Lets the lease run out, as time would. */
function expire(node: LocalNode): void {
  const path = join(node.directory, 'akctl/lease')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^until=.*$/m, 'until=1700000000'))
}

const refusal = (run: Promise<unknown>): Promise<NodeLockedError> =>
  run.then(
    () => Promise.reject(new Error('not refused')),
    (error: unknown) => error as NodeLockedError,
  )

describe.each([
  ['dash', ['dash', '-c']],
  ['busybox sh', ['busybox', 'sh', '-c']],
] as const)('under %s', (name, shell) => {
  test('a lease that is kept: seen, kept by its own run only, renewed, released, and then gone for it', async () => {
    const node = await toyNode(place(), new WrappedHost(name, shell))
    const { connection } = node
    const mine = keeping({ job: JOB, operation: 'mta stop', ttl: 600 })
    await connection.stop({ ...newOrder(), reason: 'a =reason\nof two lines', lease: mine })
    const now = Date.now() / 1000
    const { lease, clock } = await connection.lease()
    expect(lease).toEqual({
      ...{ id: mine.id, by: 'test@here', host: 'here', pid: process.pid, job: JOB, operation: 'mta stop' },
      ...{
        reason: 'a =reason of two lines',
        kept: true,
        taken: expect.any(Number) as number,
        until: expect.any(Number) as number,
      },
    })
    expect(Math.abs(clock - now)).toBeLessThan(30)
    expect(Math.abs((lease?.taken ?? 0) - now)).toBeLessThan(30)
    expect((lease?.until ?? 0) - clock).toBeGreaterThan(500)
    expect((await connection.status()).lease).toEqual(lease)

    const refused = await refusal(connection.stop(order()))
    expect(refused).toBeInstanceOf(NodeLockedError)
    expect(refused.message).toMatch(/test@here \(pid \d+\) keeps the node locked since 20\d\d-.*Z: mta stop \(a =reason/)
    expect(refused.message).toContain(JOB)
    expect(refused.message).toMatch(/until 20\d\d-\S+Z unless it is renewed$/)
    expect(refused.hints).toContainEqual(expect.stringContaining(`akctl locks release ${mine.id} NODE --yes`))
    expect(readdirSync(join(node.directory, 'akctl/waiting'))).toEqual([])

    await connection.start({ ...newOrder(), lease: { ...mine, held: true } })
    await connection.stop({ ...newOrder(), lease: { ...mine, held: true } })
    expect((await connection.lease()).lease).toMatchObject({ id: mine.id, taken: lease?.taken ?? 0 })
    expect((await connection.renewLease(mine.id, 3000)).lease?.until).toBeGreaterThan(clock + 2000)
    await expect(connection.renewLease(newClaim().id, 30)).rejects.toThrow(NodeLockedError)

    expect(await connection.releaseLease(newClaim().id, 'eve@desk')).not.toHaveProperty('lease')
    expect(await connection.releaseLease(mine.id, 'eve@desk')).toMatchObject({ lease: { id: mine.id } })
    expect(await connection.lease()).not.toHaveProperty('lease')
    const robbed = await refusal(connection.stop({ ...newOrder(), lease: { ...mine, held: true } }))
    expect(robbed).toBeInstanceOf(NodeLockedError)
    expect(robbed.message).toContain(`the lease of this run (${mine.id}) is gone`)
    await expect(connection.renewLease(mine.id, 30)).rejects.toThrow(/is gone/)
    await connection.stop(order())
  }, 60_000)

  test('an order that is at work is seen, names itself to others, and leaves no lease', async () => {
    const node = await toyNode(place(), new WrappedHost(name, shell))
    const still = slow(node)
    const mine = order({ operation: 'mta start' }, { by: 'ann@desk', reason: '' })
    const run = still.connection.start(mine)
    await until('it is at work', 20, async () => (await node.connection.lease()).lease)
    expect((await node.connection.lease()).lease).toMatchObject({ id: mine.lease.id, by: 'ann@desk', kept: false })
    const refused = await refusal(node.connection.stop(order()))
    expect(refused).toBeInstanceOf(NodeLockedError)
    expect(refused.message).toMatch(/ann@desk \(pid \d+\) is at work on the node since 20\S+Z: mta start$/)
    expect(refused.hints.join()).not.toContain('release')
    rmSync(join(node.directory, 'hold'))
    await run
    expect(await node.connection.lease()).not.toHaveProperty('lease')
    expect(readFileSync(join(node.directory, 'akctl/lease'), 'utf8')).toBe('')
    await node.connection.stop(order())
  }, 60_000)
})

describe('somebody else’s lease', () => {
  test('is waited for without holding the lock, and then the order is carried out', async () => {
    const node = await toyNode(place())
    const mine = keeping()
    await node.connection.stop({ ...newOrder(), lease: mine })
    const other = order({}, { lockWait: 120 })
    const run = node.connection.start(other)
    const waiting = join(node.directory, 'akctl/waiting', other.id)
    await until('the other waits', 30, () => existsSync(waiting) || undefined)
    expect(await node.connection.order(other.id)).toMatchObject({ state: 'running' })
    // The lock is free for who keeps the lease, though that one does not wait for it at all.
    await node.connection.stop({ ...newOrder(0), lease: { ...mine, held: true } })
    await node.connection.releaseLease(mine.id, 'test@here')
    expect(await run).toMatchObject({ did: true })
    expect(existsSync(waiting)).toBe(false)
    await node.connection.stop(order())
  }, 60_000)

  test('counts no more when it has expired: whoever comes first has the node, and the late holder is refused', async () => {
    const node = await toyNode(place())
    const mine = keeping()
    await node.connection.stop({ ...newOrder(), lease: mine })
    expire(node)
    expect(await node.connection.lease()).not.toHaveProperty('lease')
    expect(await node.connection.status()).not.toHaveProperty('lease')
    // Nobody came: its own run may go on.
    await node.connection.stop({ ...newOrder(), lease: { ...mine, held: true } })
    expect((await node.connection.lease()).lease?.id).toBe(mine.id)
    expire(node)
    const other = keeping()
    await node.connection.stop({ ...newOrder(), lease: other })
    const late = await refusal(node.connection.stop({ ...newOrder(0), lease: { ...mine, held: true } }))
    expect(late.message).toContain('is gone')
    expect((await node.connection.lease()).lease?.id).toBe(other.id)
  })

  test('is found by an install, and by every changing verb, before anything is done', async () => {
    const node = await toyNode(place())
    await node.connection.stop({ ...newOrder(), lease: keeping() })
    const { connection, directory, host, driver, installation } = node
    const before = readdirSync(join(directory, 'akctl/revisions'))
    const options = { listen: '127.0.0.1:0', hostname: 'x', by: 'eve@desk', at: 'now', lockWait: 0 }
    const claimant = { by: 'eve@desk', reason: '', lease: newClaim() }
    const tries = [
      connection.start(order()),
      connection.stop(order()),
      connection.restart(order()),
      connection.sync({ ...newSync({ settings: {} }), lockWait: 0 }),
      connection.rollback(order()),
      runScript(host, installScript(driver, installation, { ...options, claimant }), { timeout: 30 }),
    ]
    for (const run of tries) await expect(run).rejects.toThrow(ConflictError)
    expect(readdirSync(join(directory, 'akctl/revisions'))).toEqual(before)
    expect(existsSync(join(directory, 'akctl/orders'))).toBe(true)
    expect(readFileSync(join(directory, 'akctl/orders'), 'utf8').match(/ begun /g)).toHaveLength(1)
    // What an agent prepares for itself is in nobody's way.
    await node.install({ listen: '127.0.0.1:0', hostname: 'x' })
  })

  test('is nothing when its file is half, empty or not one at all', async () => {
    const node = await toyNode(place())
    const path = join(node.directory, 'akctl/lease')
    await node.connection.stop({ ...newOrder(), lease: keeping() })
    const whole = readFileSync(path, 'utf8')
    for (const text of [
      whole.replace(/end\n$/, ''),
      whole.slice(0, 40),
      '',
      '\0\0\n$(touch oops)\n',
      'end\n',
      'id=x\nuntil=y\nkept=yes\nend\n',
    ]) {
      writeFileSync(path, text)
      expect(await node.connection.lease()).not.toHaveProperty('lease')
      await node.connection.stop(order())
    }
    expect(existsSync('oops')).toBe(false)
  })
})

test('a renewal while an order of the same run is at work neither waits for it nor disturbs it', async () => {
  const node = await toyNode(place())
  const mine = keeping({ ttl: 5 })
  const still = slow(node)
  const run = still.connection.start({ ...newOrder(), lease: mine })
  await until('it is at work', 20, async () => (await node.connection.lease()).lease)
  expire(node)
  expect((await node.connection.lease()).lease?.id).toBe(mine.id)
  expect((await node.connection.renewLease(mine.id, 100)).lease?.id).toBe(mine.id)
  rmSync(join(node.directory, 'hold'))
  await run
  // The order's end is a sign of life: from there on it is ttl seconds.
  const { lease, clock } = await node.connection.lease()
  expect((lease?.until ?? 0) - clock).toBeGreaterThan(0)
  await node.connection.stop({ ...newOrder(), lease: { ...mine, keep: false, held: true } })
  expect(await node.connection.lease()).not.toHaveProperty('lease')
})

test('a release waits for the order that is at work, and is refused when that takes too long', async () => {
  const node = await toyNode(place())
  const still = slow(node)
  const mine = order({ operation: 'mta start' })
  const run = still.connection.start(mine)
  await until('it is at work', 20, async () => (await node.connection.lease()).lease)
  await expect(node.connection.releaseLease(mine.lease.id, 'eve@desk')).rejects.toThrow(/is at work on the node since/)
  rmSync(join(node.directory, 'hold'))
  await run
  await node.connection.stop(order())
}, 60_000)

test('an order that was refused for another reason leaves no lease; one that was to keep it keeps it', async () => {
  const node = await toyNode(place())
  await node.connection.sync(newSync({ settings: {} }))
  await expect(node.connection.sync({ ...newSync({ settings: {} }), expect: 7 })).rejects.toThrow(/not at 7/)
  expect(await node.connection.lease()).not.toHaveProperty('lease')
  const mine = keeping()
  await expect(node.connection.sync({ ...newSync({ settings: {} }), expect: 7, lease: mine })).rejects.toThrow(/not at 7/)
  expect((await node.connection.lease()).lease?.id).toBe(mine.id)
})

test('a script killed with -9 after any of its lines: what is left of a lease is in nobody’s way, and one that is kept is whole', async () => {
  const node = await toyNode(place())
  const { host, driver, installation } = node
  const script = (lease: LeaseClaim) => powerScript(driver, installation, 'stop', { ...newOrder(0), lease })
  const text = textOf(script(newClaim())).split('\n')
  const [from, to] = [
    text.findIndex((line) => line.startsWith('ak_wait_lock()')),
    text.findIndex((line) => line.startsWith('ak_lease_end()')),
  ]
  const lines = places(text.join('\n')).filter(({ line }) => line > from && line < to + 8)
  expect(lines.length).toBeGreaterThan(12)
  let killed = 0
  for (const line of lines) {
    const said = await runScript(host, killedAfter(script(newClaim()), line), { timeout: 30 }).then(
      () => 'whole',
      () => 'killed',
    )
    killed += said === 'killed' ? 1 : 0
    await node.connection.stop(order())
    expect([line.text, await node.connection.lease()]).toEqual([line.text, { clock: expect.any(Number) as number }])

    const mine = keeping()
    await node.connection.stop({ ...newOrder(), lease: mine })
    await runScript(host, killedAfter(script({ ...mine, held: true }), line), { timeout: 30 }).catch(() => undefined)
    expect([line.text, (await node.connection.lease()).lease?.id]).toEqual([line.text, mine.id])
    await node.connection.stop({ ...newOrder(0), lease: { ...mine, keep: false, held: true } })
  }
  expect(killed).toBeGreaterThan(8)
}, 120_000)

test('an order starts no process for its lease', async () => {
  const node = await toyNode(place())
  const trace = join(node.directory, 'trace')
  const traced = ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=execve,fork,vfork,clone,clone3', 'sh', '-c']
  const host = new WrappedHost('mx-traced', traced)
  const processes = async (claims: boolean): Promise<number> => {
    const script = powerScript(node.driver, node.installation, 'stop', { ...newOrder(0), lease: newClaim() })
    await runScript(host, claims ? script : { ...script, args: script.args.with(2, '') }, { timeout: 60 })
    return readFileSync(trace, 'utf8').match(/(execve|fork|clone3?)\(/g)?.length ?? 0
  }
  await node.connection.stop(order()) // the first order of all makes files
  const without = await processes(false)
  expect(without).toBeGreaterThan(5)
  expect(await processes(true)).toBe(without)
})
