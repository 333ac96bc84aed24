import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { testCli } from '../support/cli.ts'
import { cliNodes, journalOf, storedNode, type CliNode } from '../support/cli-nodes.ts'
import { haltWaiting } from '../support/processes.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const ann = testCli({ SUDO_USER: 'ann' })
const bob = testCli({ SUDO_USER: 'bob' })
const cat = testCli({ SUDO_USER: 'cat' })
const eve = testCli({ SUDO_USER: 'eve' })
const makeNode = cliNodes()
const words = (line: string): string[] => line.split(' ')

let mx1: CliNode

beforeAll(async () => {
  mx1 = await makeNode(ann, 'mx1')
  await makeNode(bob, 'relay', { directory: mx1.directory, install: false })
  await ann.ok(words('settings set mx1 esmtp-connection-timeout=11s'))
  await ann.ok(words('mta sync mx1 --reason first'))
}, 120_000)

test('two profiles: the second one is told who was there, when, and which settings differ; nothing is changed', async () => {
  await bob.ok(words('settings set relay esmtp-connection-timeout=22s'))
  const before = mx1.sum()
  const run = await bob.run(words('mta sync relay --json'))
  expect(run.exit).toBe(8)
  expect(run.json.nodes).toMatchObject([{ node: 'relay', outcome: 'conflict', error: { kind: 'conflict' } }])
  const { detail = [], hints = [] } = run.json.nodes?.[0]?.error ?? {}
  expect(detail).toEqual([
    expect.stringMatching(/^revision 1 was written by ann@\S+ at \d{4}-\d\d-\d\dT\S+Z: first$/),
    'esmtp-connection-timeout: 11s there, 22s in this profile',
  ])
  expect(hints).toContain('overwrite it: akctl mta sync relay --take-over')
  expect([mx1.sum(), mx1.parameter('smtp_connect_timeout')]).toEqual([before, '11s'])
  expect(journalOf(bob).at(-1)).toMatchObject({ verb: 'mta sync', node: 'relay', outcome: 'conflict' })
})

test('pull --dry-run shows what would be taken over; pull takes it over, and then the two agree', async () => {
  expect((await bob.ok(words('settings pull relay --dry-run'))).stdout).toContain(
    'would be: esmtp-connection-timeout: 22s -> 11s',
  )
  expect(storedNode(bob, 'relay')?.settings).toEqual({ 'esmtp-connection-timeout': 22 })
  await bob.ok(words('settings pull relay'))
  expect(storedNode(bob, 'relay')).toMatchObject({ settings: { 'esmtp-connection-timeout': 11 }, baseRevision: 1 })
  expect((await bob.ok(words('mta sync relay'))).stdout).toContain('is synced already')
  expect(mx1.revision()).toBe(1)
})

test('the one who has pulled may change it; the other is then in conflict, and takes over when told to', async () => {
  await bob.ok(words('settings set relay esmtp-connection-timeout=33s --sync'))
  expect(mx1.record()).toMatchObject({ revision: 2, by: expect.stringMatching(/^bob@/) as string })

  await ann.ok(words('settings set mx1 esmtp-connection-timeout=44s'))
  const refused = await ann.run(words('mta sync mx1'))
  expect([refused.exit, refused.stderr]).toEqual([8, expect.stringMatching(/revision 2, not at 1(.|\n)*bob@/)])
  const start = await ann.run(words('mta start mx1'))
  expect([start.exit, mx1.masters(), mx1.parameter('smtp_connect_timeout')]).toEqual([8, [], '33s'])

  await ann.ok(words('mta sync mx1 --take-over'))
  expect(mx1.record()).toMatchObject({ revision: 3, by: expect.stringMatching(/^ann@/) as string })
  expect([mx1.parameter('smtp_connect_timeout'), storedNode(ann, 'mx1')?.baseRevision]).toEqual(['44s', 3])
})

test('a rollback is refused too while somebody else was there last', async () => {
  const refused = await bob.run(words('mta rollback relay'))
  expect([refused.exit, mx1.revision()]).toEqual([8, 3])
  await bob.ok(words('mta rollback relay --take-over'))
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([4, '33s'])
})

test('a profile that knows nothing of the node, but would tell it the very same, takes it over silently', async () => {
  await makeNode(eve, 'third', { directory: mx1.directory, install: false })
  await eve.ok(words('settings set third esmtp-connection-timeout=33s'))
  await eve.ok(words('mta sync third'))
  expect([mx1.revision(), storedNode(eve, 'third')?.baseRevision]).toEqual([4, 4])
})

test('two that change at the same moment: one wins, the other is in conflict, and the node is as the winner says', async () => {
  await makeNode(cat, 'fourth', { directory: mx1.directory, install: false })
  await cat.ok(words('settings pull fourth'))
  await bob.ok(words('settings pull relay'))
  await Promise.all([
    cat.ok(words('settings set fourth esmtp-connection-timeout=55s')),
    bob.ok(words('settings set relay esmtp-connection-timeout=66s')),
  ])
  const runs = await Promise.all([cat.run(words('mta sync fourth')), bob.run(words('mta sync relay'))])
  expect(runs.map(({ exit }) => exit).toSorted()).toEqual([0, 8])
  const winner = runs[0].exit === 0 ? '55s' : '66s'
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([5, winner])
})

/** The process of the one order that waits for the node's lock; notes of those that have ended may lie there too. */
function waiting(): number | undefined {
  const notes = readdirSync(mx1.path('akctl/waiting')).map((note) => readFileSync(mx1.path(`akctl/waiting/${note}`), 'utf8'))
  return notes.map((note) => Number(note.split(' ')[0])).find((pid) => existsSync(`/proc/${pid}`))
}

test('a rollback that waited while somebody else synced undoes nothing: conflict, with who it was', async () => {
  for (const line of ['settings pull relay', 'settings set relay esmtp-connection-timeout=77s']) await bob.ok(words(line))
  await ann.ok(words('settings pull mx1'))
  const lock = spawn('flock', [mx1.path('akctl/lock'), 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  lock.stdin.write('held')
  await once(lock.stdout, 'data')
  const rollback = ann.run(words('mta rollback mx1'))
  const pid = await until('the rollback waits', 30, waiting)
  try {
    await haltWaiting(pid) // else either of the two could be the first
    lock.stdin.end()
    await once(lock, 'close')
    await bob.ok(words('mta sync relay'))
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const { exit, stderr } = await rollback
  expect([exit, stderr]).toEqual([8, expect.stringMatching(/revision 6, not at 5(.|\n)*bob@/)])
  expect([mx1.revision(), mx1.parameter('smtp_connect_timeout')]).toEqual([6, '77s'])
  expect(mx1.record().by).toMatch(/^bob@/)
})

test('a node that was set up anew by somebody else is not the one that was known, though it counts from 1 again', async () => {
  const mx2 = await makeNode(ann, 'mx2')
  await ann.ok(words('settings set mx2 esmtp-connection-timeout=11s --sync'))
  expect(storedNode(ann, 'mx2')).toMatchObject({ baseRevision: 1, baseRevisionId: mx2.record().id })
  rmSync(mx2.directory, { recursive: true })
  await makeNode(bob, 'fifth', { directory: mx2.directory })
  await bob.ok(words('settings set fifth esmtp-connection-timeout=99s --sync'))
  const refused = await ann.run(words('mta sync mx2'))
  expect([refused.exit, refused.stderr]).toEqual([8, expect.stringMatching(/set up the node anew: its revision 1(.|\n)*bob@/)])
  expect([mx2.revision(), mx2.parameter('smtp_connect_timeout')]).toEqual([1, '99s'])
})
