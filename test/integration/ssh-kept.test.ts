// SSH connections that a command keeps for the next time it opens a node, against a real sshd.
import type { Host } from '../../src/connection/host.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import type { NodeRecord } from '../../src/node/record.ts'
import { KeptHosts } from '../../src/operations/kept-hosts.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { policyFor, targetOf, TIMEOUTS } from '../support/ssh-target.ts'
import { until } from '../support/until.ts'

const limits = { timeout: 20 }
const NODE: NodeRecord = {
  ...{ id: 1, name: 'mx1', host: '127.0.0.1', directory: '/srv/mta', access: 'ssh', mta: 'postfix', sudo: false },
  ...{ addresses: [], labels: {}, settings: {}, createdAt: '2026-01-01T00:00:00Z' },
}
let sshd: Sshd

beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

/** Connections that sshd has been asked for by what the work does. */
async function connections(work: () => Promise<unknown>): Promise<number> {
  const before = sshd.log().length
  await work()
  return (
    sshd
      .log()
      .slice(before)
      .match(/Connection from/g)?.length ?? 0
  )
}

const open = (): Promise<Host> => Promise.resolve(new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS))

/** Opens a node, runs something there and closes it. */
async function use(kept: KeptHosts, node = NODE): Promise<Host> {
  const host = await kept.take(node, open)
  expect((await host.run('exit 3', limits)).end).toEqual({ kind: 'exit', status: 3 })
  await host.close()
  return host
}

test('a node that is opened again is there already; at the end nothing is left open', async () => {
  const kept = new KeptHosts()
  expect(await connections(() => use(kept))).toBe(1)
  expect(await connections(() => use(kept))).toBe(0)
  expect(sshd.connections().length).toBeGreaterThan(0)
  await kept.end()
  await sshd.idle()
})

test('one that is lost meanwhile is made anew', async () => {
  const kept = new KeptHosts()
  await use(kept)
  for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL')
  await sshd.idle()
  expect(await connections(() => use(kept))).toBe(1)
  await kept.end()
  await sshd.idle()
})

test('two that use a node at the same time do not share one, and only one is kept', async () => {
  const kept = new KeptHosts()
  const [one, two] = [await kept.take(NODE, open), await kept.take(NODE, open)]
  expect(await connections(() => Promise.all([one.run('true', limits), two.run('true', limits)]))).toBe(2)
  await Promise.all([one.close(), two.close(), one.close()])
  await until('one is closed', 10, () => sshd.connections().length === 1)
  await kept.end()
  await sshd.idle()
})

test('a node that is reached in another way is another; no more are kept than may be', async () => {
  const kept = new KeptHosts(1)
  await use(kept)
  expect(await connections(() => use(kept, { ...NODE, user: 'other' }))).toBe(1)
  await until('the second is closed', 10, () => sshd.connections().length === 1)
  await kept.end()
  await sshd.idle()
})

test('what is closed after the end is closed', async () => {
  const kept = new KeptHosts()
  const host = await kept.take(NODE, open)
  await host.run('true', limits)
  await kept.end()
  await host.close()
  await sshd.idle()
  expect(sshd.connections()).toEqual([])
})
