// What a node knows of orders, of the lock and of what its process has loaded, when things go wrong in between.
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncedOf } from '../../src/node/state.ts'
import { ConflictError } from '../../src/outcome/errors.ts'
import { LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { daemons, loaded, toy, toyFolder, toyNode } from '../support/toy.ts'
import { until } from '../support/until.ts'
import { Namespace, WrappedHost } from '../support/wrapped-host.ts'

const folder = toyFolder()
let made = 0
function place(): string {
  made += 1
  return join(folder, `t${made}`)
}

const one = { 'spool-readers': 1 }
const two = { 'spool-readers': 2 }

/** Holds the lock of a node as another akctl would, until `end`. */
function holdLock(directory: string): { end(): Promise<void> } {
  const holder = spawn('flock', [join(directory, 'akctl/lock'), 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const gone = new Promise<void>((resolve) => holder.once('close', () => resolve()))
  return {
    end: async () => {
      holder.stdin.end()
      await gone
    },
  }
}

async function lockHeld(directory: string): Promise<void> {
  await until('the lock is held', 20, () => {
    try {
      execFileSync('flock', ['-n', join(directory, 'akctl/lock'), 'true'])
      return undefined
    } catch {
      return true
    }
  })
}

describe('the lock', () => {
  test('another change at work: conflict after the wait, and nothing is changed', async () => {
    const node = await toyNode(place())
    const lock = holdLock(node.directory)
    await lockHeld(node.directory)
    const order = { ...newSync({ settings: one }), lockWait: 0 }
    await expect(node.connection.sync(order)).rejects.toThrow(ConflictError)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'none' })
    expect(readdirSync(join(node.directory, 'akctl/waiting'))).toEqual([])
    expect(node.currentRevision()).toBe(0)
    await lock.end()
  })

  test('an order that waits is running, and is carried out once the other is over', async () => {
    const node = await toyNode(place())
    const lock = holdLock(node.directory)
    await lockHeld(node.directory)
    const order = { ...newSync({ settings: one }), lockWait: 120 }
    const run = node.connection.sync(order)
    await until('the order waits', 60, () => existsSync(join(node.directory, 'akctl/waiting', order.id)) || undefined)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'running' })
    await lock.end()
    expect(await run).toMatchObject({ wrote: true })
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed' })
    expect(readdirSync(join(node.directory, 'akctl/waiting'))).toEqual([])
  })

  test('an order whose script died while it waited never began', async () => {
    const node = await toyNode(place())
    mkdirSync(join(node.directory, 'akctl/waiting'))
    writeFileSync(join(node.directory, 'akctl/waiting/deadbeef'), '999999999 12345\n')
    writeFileSync(join(node.directory, 'akctl/waiting/0badbeef'), `${process.pid} 1\n`)
    expect(await node.connection.order('deadbeef')).toMatchObject({ state: 'none' })
    expect(await node.connection.order('0badbeef')).toMatchObject({ state: 'none' })
    await node.connection.stop(newOrder())
    expect(readdirSync(join(node.directory, 'akctl/waiting'))).toEqual([])
  })

  test('the daemon does not keep it', async () => {
    const node = await toyNode(place())
    await node.connection.start(newOrder())
    execFileSync('flock', ['-n', join(node.directory, 'akctl/lock'), 'true'])
    const [pid] = daemons(node.directory)
    const open = readdirSync(`/proc/${pid}/fd`)
    expect(open).not.toContain('9')
    await node.connection.stop(newOrder())
  })

  test('two syncs at once: both are carried out, one after the other', async () => {
    const node = await toyNode(place())
    const results = await Promise.all(
      [one, two].map((settings) => node.connection.sync({ ...newSync({ settings }), lockWait: 60 })),
    )
    expect(results.map(({ revision }) => revision).sort()).toEqual([1, 2])
  }, 120_000)
})

describe('the account of orders', () => {
  test('a begun one is running while the lock is held, and died when it is not', async () => {
    const node = await toyNode(place())
    const orders = join(node.directory, 'akctl/orders')
    appendFileSync(orders, 'feed0001 sync begun 1700000000\n')
    const lock = holdLock(node.directory)
    await lockHeld(node.directory)
    expect(await node.connection.order('feed0001')).toMatchObject({ state: 'running', verb: 'sync' })
    await lock.end()
    expect(await node.connection.order('feed0001')).toMatchObject({ state: 'died', verb: 'sync' })
    await node.connection.sync(newSync({ settings: one }))
    expect(await node.connection.order('feed0001')).toMatchObject({ state: 'died' })
    expect(readFileSync(orders, 'utf8')).toContain('feed0001 sync done died - ')
  })

  test('ids are not taken for each other, and a half line of a full disk harms nothing', async () => {
    const node = await toyNode(place())
    const orders = join(node.directory, 'akctl/orders')
    appendFileSync(orders, 'abc sync begun 1\nabc sync done changed 1 2\nabcd sync beg')
    expect(await node.connection.order('ab')).toMatchObject({ state: 'none' })
    expect(await node.connection.order('bc')).toMatchObject({ state: 'none' })
    const order = newSync({ settings: one })
    await node.connection.sync(order)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed' })
    expect(await node.connection.order('abc')).toMatchObject({ state: 'done', outcome: 'changed', revision: 1 })
  })

  test('stays short', async () => {
    const node = await toyNode(place())
    const orders = join(node.directory, 'akctl/orders')
    appendFileSync(orders, Array.from({ length: 300 }, (_, n) => `id${n} stop done ok 0 1\n\n`).join(''))
    await node.connection.stop(newOrder())
    expect(readFileSync(orders, 'utf8').match(/^id\d+/gm)).toHaveLength(100)
    expect(await node.connection.order('id299')).toMatchObject({ state: 'done' })
    expect(await node.connection.giveUp('id001', 1)).not.toHaveProperty('never') // it may have been here, long ago
    expect(await node.connection.order('id001')).not.toHaveProperty('never')
    expect(await node.connection.giveUp('id900', 1)).toMatchObject({ state: 'none', never: true })
  })

  test('an order is done once: a second time, or after it was given up, it is refused and leaves everything alone', async () => {
    const node = await toyNode(place())
    const { connection, directory } = node
    const late = newSync({ settings: two })
    expect(await connection.order(late.id)).toEqual({ id: late.id, verb: '', state: 'none', revision: 0 })
    expect(await connection.giveUp(late.id, 1)).toMatchObject({ state: 'none', never: true })
    await expect(connection.sync(late)).rejects.toThrow('came too late')
    expect([node.currentRevision(), daemons(directory)]).toEqual([0, []])
    expect(await connection.order(late.id)).toMatchObject({ state: 'none', never: true })

    const order = newSync({ settings: one })
    await connection.sync(order)
    await expect(connection.sync({ ...order, settings: two })).rejects.toThrow('for the second time')
    expect([node.currentRevision(), JSON.parse(node.read('akctl/current/settings'))]).toEqual([1, one])
    expect(await connection.giveUp(order.id, 1)).toMatchObject({ state: 'done', outcome: 'changed', revision: 1 })
    expect(existsSync(join(directory, 'akctl/waiting'))).toBe(false)
  })

  test('one that waits for its turn can not be given up any more; a killed one is known as that', async () => {
    const node = await toyNode(place())
    const { connection, directory } = node
    mkdirSync(join(directory, 'akctl/waiting'))
    const ticks =
      readFileSync('/proc/self/stat', 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')[19] ?? ''
    writeFileSync(join(directory, 'akctl/waiting/feed0002'), `${process.pid} ${ticks}\n`)
    expect(await connection.giveUp('feed0002', 1)).toMatchObject({ state: 'running' })
    appendFileSync(join(directory, 'akctl/orders'), 'feed0003 sync begun 1700000000\n')
    expect(await connection.giveUp('feed0003', 1)).toMatchObject({ state: 'died', verb: 'sync' })
  })

  test('where nothing is prepared nothing is given up, and nothing made', async () => {
    const directory = place()
    const { connection } = new LocalNode(toy, { directory, addresses: [] })
    expect(await connection.giveUp('feed0004', 1)).toEqual({ id: 'feed0004', verb: '', state: 'none' })
    expect(existsSync(directory)).toBe(false)
  })
})

describe('what the process has loaded', () => {
  test('a marker of another process, boot or start proves nothing', async () => {
    const node = await toyNode(place())
    await node.connection.sync(newSync({ settings: one }))
    await node.connection.start(newOrder())
    const marker = join(node.directory, 'akctl/loaded')
    const fields = readFileSync(marker, 'utf8').trim().split(' ')
    expect(await node.connection.status()).toMatchObject({ loaded: 1 })
    // The link is moved now, so that the process is older than what it would read.
    const link = join(node.directory, 'akctl/live')
    unlinkSync(link)
    symlinkSync('revisions/1', link)
    expect(await node.connection.status()).toMatchObject({ loaded: 1 })
    for (const index of [1, 2, 3]) {
      writeFileSync(marker, `${fields.map((field, at) => (at === index ? '7' : field)).join(' ')}\n`)
      const state = await node.connection.status()
      expect(state.loaded).toBeUndefined()
      expect(syncedOf(state, one)).toBe('reload')
    }
    expect(await node.connection.sync(newSync({ settings: one }))).toMatchObject({ wrote: false, took: 'restart' })
    expect(await node.connection.status()).toMatchObject({ loaded: 1 })
    await node.connection.stop(newOrder())
  })

  test('a process that somebody else started later counts as having loaded what it reads', async () => {
    const node = await toyNode(place())
    await node.connection.sync(newSync({ settings: one }))
    await until('the clock goes on, so that the start is later than the link', 10, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2100))
      return true
    })
    spawn('setsid', ['sh', join(node.directory, 'run/daemon'), node.directory], { stdio: 'ignore', detached: true }).unref()
    await until('it runs', 20, () => loaded(node.directory))
    expect(await node.connection.status()).toMatchObject({ running: true, loaded: 1 })
    await node.connection.stop(newOrder())
  })
})

describe('a revision that a killed script left', () => {
  test('made but not committed: gone at the next change, and its number is free', async () => {
    const node = await toyNode(place())
    await node.connection.sync(newSync({ settings: one }))
    const revisions = join(node.directory, 'akctl/revisions')
    execFileSync('cp', ['-a', join(revisions, '1'), join(revisions, '2')])
    rmSync(join(revisions, '2/was-current'))
    mkdirSync(join(revisions, '.new.4711'))
    expect((await node.connection.status()).record?.revision).toBe(1)
    expect(await node.connection.sync(newSync({ settings: two }))).toMatchObject({ revision: 2 })
    expect(readdirSync(revisions).sort()).toEqual(['0', '1', '2'])
  })

  test('marked as failed: the node counts as back, and the next change takes it back', async () => {
    const node = await toyNode(place())
    await node.connection.sync(newSync({ settings: one }))
    await node.connection.sync(newSync({ settings: two }))
    writeFileSync(join(node.directory, 'akctl/revisions/2/failed'), '1\n')
    const state = await node.connection.status()
    expect(state.record).toMatchObject({ revision: 1, settings: one })
    expect(syncedOf(state, two)).toBe('no')
    await node.connection.start(newOrder())
    expect(node.currentRevision()).toBe(1)
    expect(loaded(node.directory)).toBe('base\nspool-readers\t1\n')
    await node.connection.stop(newOrder())
  })
})

test('a full disk: the old one stays, whatever the room, and akctl says so; with room again it goes on', async () => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const namespace = await Namespace.open(`mount --make-rprivate /\nmount -t tmpfs -o size=256k,mode=755 tmpfs ${disk}`)
  try {
    const host = new WrappedHost('mx-full', [...namespace.enter, 'sh', '-c'])
    const node = new LocalNode(toy, { directory: join(disk, 'mta'), addresses: [] }, host)
    await node.install({ listen: '127.0.0.1:0', hostname: 'x' })
    await node.connection.sync(newSync({ settings: one }))
    const found: { said: string; holds: string; synced: string; changed: boolean }[] = []
    for (const free of [0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 60]) {
      const left = Number(namespace.exec(`df -k --output=avail ${disk} | tail -n 1`))
      namespace.exec(`head -c ${Math.max(0, left - free) * 1024} /dev/zero >${disk}/filler`)
      const order = newSync({ settings: two })
      const said = await node.connection.sync(order).then(
        () => 'changed',
        (error: unknown) => (error as Error).message,
      )
      namespace.exec(`rm -f ${disk}/filler`)
      namespace.exec(`cd ${disk}/mta/akctl/current/conf && sha256sum --quiet -c ../sums && diff -r . ../written`)
      const [state, account] = [await node.connection.status(), await node.connection.order(order.id)]
      found.push({
        said: said.replace(/.*(no room|could not).*/, 'no room'),
        holds: namespace.exec(`sed -n 2p ${disk}/mta/akctl/current/conf/value`).trim(),
        synced: syncedOf(state, two),
        changed: account.outcome === 'changed',
      })
      await node.connection.sync(newSync({ settings: one }))
    }
    const old = { said: 'no room', holds: 'spool-readers\t1', synced: 'no', changed: false }
    const now = { said: 'changed', holds: 'spool-readers\t2', synced: 'yes', changed: true }
    for (const one of found) expect([old, now]).toContainEqual(one)
    expect(found[0]).toEqual(old)
    expect(found.at(-1)).toEqual(now)

    // A disk that is full while the sums are written, and has room again when the revision is committed.
    const meanwhile = `mta_render() { cp -a "$BASE/." "$1/" && cat "$2" >>"$1/value"; cat /dev/zero >${disk}/filler 2>/dev/null; :; }
      mta_check() { rm -f ${disk}/filler; }`
    const filled = new LocalNode({ ...toy, functions: `${toy.functions}\n${meanwhile}` }, node.installation, host)
    await expect(filled.connection.sync(newSync({ settings: two }))).rejects.toThrow(/no room/)
    namespace.exec(`rm -f ${disk}/filler`)
    expect(await node.connection.status()).toMatchObject({ edited: [], record: { settings: one } })
  } finally {
    namespace.end()
  }
}, 300_000)
