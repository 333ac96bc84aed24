import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WatchEvent, WatchOptions } from '../../src/operations/watch/results.ts'
import { notify } from '../../src/operations/watch/notify.ts'
import { watchOn, watchOnce, type WatchReport } from '../../src/operations/watch/watch.ts'
import { ConflictError, FailedError, UnauthorizedError, UnreachableError } from '../../src/outcome/errors.ts'
import type { Settings } from '../../src/node/settings.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const memoryWorld = memoryWorlds()
const folder = tempDir()
const OPTIONS: WatchOptions = { interval: 15, maxTries: 2, steady: 60, concurrency: 4 }

async function world(names: readonly string[], observed: Settings = { 'mta-observer': true }): Promise<MemoryWorld> {
  const made = await memoryWorld(names)
  await made.profile.update((data) => ({ data: { ...data, defaults: observed }, result: undefined }))
  return made
}

const once = ({ context }: MemoryWorld, options = OPTIONS): Promise<WatchReport> => watchOnce(context, { all: true }, options)
const eventsOf = ({ data }: WatchReport): readonly string[] => data.events.map(({ node = '-', event }) => `${node} ${event}`)
const found = ({ nodes }: WatchReport): readonly string[] =>
  nodes.map(({ node, outcome, result }) => `${node} ${outcome} ${result?.condition ?? '-'}`)

test('one round: what should run is started, what an order has stopped is not, and each is named', async () => {
  const fleet = await world(['dead', 'fine', 'held', 'idle', 'mute', 'gone'])
  Object.assign(fleet.node('dead'), { wanted: 'running' })
  Object.assign(fleet.node('fine'), { wanted: 'running', running: true })
  Object.assign(fleet.node('held'), { wanted: 'stopped' })
  Object.assign(fleet.node('mute'), { wanted: 'running', running: true, mute: true })
  fleet.node('gone').lost = new UnreachableError('no route')
  const report = await once(fleet)
  expect(found(report)).toEqual([
    'dead changed well',
    'fine ok well',
    'held ok stopped',
    'idle ok idle',
    'mute changed well',
    'gone unreachable -',
  ])
  expect(report.nodes.map(({ result }) => result?.restarted)).toEqual([true, false, false, false, true, undefined])
  expect([...eventsOf(report)].sort()).toEqual(['dead down', 'dead restarted', 'gone unreachable', 'mute mute', 'mute restarted'])
  expect(report.differences).toBe(false)
  for (const [name, starts] of [
    ['dead', 1],
    ['fine', 0],
    ['held', 0],
    ['idle', 0],
    ['mute', 1],
    ['gone', 0],
  ] as const) {
    expect([name, fleet.node(name).calls.filter((call) => call === 'start')]).toEqual([name, Array(starts).fill('start')])
  }
  const journal = await fleet.profile.journal.list({ limit: 10 })
  expect(journal.map(({ verb, node, outcome, message }) => [verb, node, outcome, message]).sort()).toEqual([
    ['mta watch', 'dead', 'changed', 'the MTA was restarted (try 1 of 2)'],
    ['mta watch', 'mute', 'changed', 'the MTA was restarted (try 1 of 2)'],
  ])
  expect(journal[0]?.orderId).toMatch(/^\w{26}$/)
  const restarts = report.data.events.filter(({ event }) => event === 'restarted')
  expect(restarts.map(({ node, orderId }) => [node, orderId]).sort()).toEqual(
    journal.map(({ node, orderId }) => [node, orderId]).sort(),
  )
  expect(await fleet.profile.orders.get(1)).toBeUndefined()
})

test('where mta-observer is not on, it says so and leaves the node alone; the exit code is that of a difference', async () => {
  for (const settings of [{}, { 'mta-observer': false }]) {
    const fleet = await world(['mx1'], settings)
    fleet.node('mx1').wanted = 'running'
    const report = await once(fleet)
    expect([found(report), report.differences]).toEqual([['mx1 ok down'], true])
    expect(report.data.events[0]?.message).toMatch(/only watched: its setting mta-observer is not on/)
    expect([fleet.node('mx1').running, fleet.node('mx1').calls.includes('start')]).toEqual([false, false])
  }
  const own = await world(['mx1', 'mx2'], {})
  await own.profile.update((data) => ({
    data: { ...data, nodes: data.nodes.map((node) => ({ ...node, settings: { 'mta-observer': node.id === 2 } })) },
    result: undefined,
  }))
  for (const name of ['mx1', 'mx2']) own.node(name).wanted = 'running'
  expect(found(await once(own))).toEqual(['mx1 ok down', 'mx2 changed well'])
})

test('runs of --once keep account between them: pauses, tries, giving up, and beginning anew', async () => {
  const fleet = await world(['mx1'])
  const mx1 = fleet.node('mx1')
  mx1.wanted = 'running'
  mx1.during = () => Promise.reject(new FailedError('port in use'))
  const first = await once(fleet)
  expect([found(first), eventsOf(first)]).toEqual([['mx1 failed down'], ['mx1 down', 'mx1 restart-failed']])
  expect(first.data.events[1]?.message).toBe('the MTA could not be restarted (try 1 of 2): port in use; the next try is in 30 s')
  fleet.clock.now += 15_000
  const waiting = await once(fleet)
  expect([found(waiting), eventsOf(waiting)]).toEqual([['mx1 failed down'], []])
  expect(waiting.nodes[0]?.error?.message).toContain('not tried before 2026-11-24T04:00:30.000Z')
  fleet.clock.now += 15_000
  expect(eventsOf(await once(fleet))).toEqual(['mx1 restart-failed', 'mx1 gave-up'])
  expect(fleet.notes.join()).toMatch(/warning: mx1: gave up after 2 tries/)
  fleet.clock.now += 86_400_000
  const given = await once(fleet)
  expect([found(given), eventsOf(given), given.nodes[0]?.error?.message]).toEqual([
    ['mx1 failed down'],
    [],
    expect.stringContaining('gave up after 2 tries'),
  ])
  expect(mx1.calls.filter((call) => call === 'start')).toHaveLength(2)
  mx1.during = undefined
  Object.assign(mx1, { running: true, uptime: 61 })
  expect(eventsOf(await once(fleet))).toEqual(['mx1 well'])
  mx1.running = false
  expect(found(await once(fleet))).toEqual(['mx1 changed well'])
  const outcomes = (await fleet.profile.journal.list({ limit: 10 })).map(({ outcome, message }) => `${outcome}: ${message ?? ''}`)
  expect(outcomes[2]).toMatch(/^failed: gave up after 2 tries/)
})

test("somebody's order or lease on the node: what it is down for is no event and no try; the next look tells", async () => {
  const fleet = await world(['mx1', 'mx2'])
  const [mx1, mx2] = [fleet.node('mx1'), fleet.node('mx2')]
  const lent = { id: 'X', host: 'x', pid: 1, operation: 'mta restart', by: 'bob@x', reason: '', taken: 1, until: 61, kept: false }
  Object.assign(mx1, { wanted: 'running', lent })
  Object.assign(mx2, { wanted: 'running', running: true, lent })
  const report = await once(fleet)
  expect([found(report), eventsOf(report), report.differences]).toEqual([['mx1 ok busy', 'mx2 ok well'], [], false])
  expect(mx1.calls).not.toContain('start')
  mx1.lent = undefined
  expect(eventsOf(await once(fleet))).toEqual(['mx1 down', 'mx1 restarted'])
})

test('an MTA that listens and does not answer is restarted; only a watch asks for that', async () => {
  const fleet = await world(['mx1'])
  const mx1 = fleet.node('mx1')
  Object.assign(mx1, { wanted: 'running', running: true, hung: true })
  expect((await mx1.status()).mute).toBeUndefined()
  const report = await once(fleet)
  expect([found(report), eventsOf(report)]).toEqual([['mx1 changed well'], ['mx1 mute', 'mx1 restarted']])
  expect(report.data.events[0]?.message).toBe('the MTA runs and does not answer')
  expect(mx1.hung).toBe(false)
})

test('an MTA that akctl never started counts as one that should run once it was seen running', async () => {
  const fleet = await world(['mx1'])
  const mx1 = fleet.node('mx1')
  expect(found(await once(fleet))).toEqual(['mx1 ok idle'])
  mx1.running = true
  expect(found(await once(fleet))).toEqual(['mx1 ok well'])
  mx1.running = false
  expect(found(await once(fleet))).toEqual(['mx1 changed well'])
})

test("an operator's stop between the look and the start wins, and another change at work is waited for", async () => {
  const fleet = await world(['mx1'])
  const mx1 = fleet.node('mx1')
  mx1.wanted = 'running'
  mx1.during = () => void (mx1.wanted = 'stopped')
  const report = await once(fleet)
  expect([found(report), eventsOf(report)]).toEqual([['mx1 ok stopped'], ['mx1 down', 'mx1 stopped']])
  expect(mx1.running).toBe(false)
  Object.assign(mx1, { wanted: 'running', during: () => Promise.reject(new ConflictError('another change is at work')) })
  expect([found(await once(fleet)), (await fleet.profile.watch.read())[0]?.tries]).toEqual([['mx1 conflict down'], 0])
})

test('a lost end is a try, is never taken for a success, and the next look finds out', async () => {
  const fleet = await world(['mx1'])
  const mx1 = fleet.node('mx1')
  Object.assign(mx1, { wanted: 'running', cut: 'after' })
  const report = await once(fleet)
  expect([found(report), eventsOf(report)]).toEqual([['mx1 unknown down'], ['mx1 down', 'mx1 restart-failed']])
  mx1.uptime = 5
  expect(found(await once(fleet))).toEqual(['mx1 ok well'])
  expect((await fleet.profile.watch.read())[0]).toMatchObject({ tries: 1 })
})

test('a try is on disk before its order leaves; what is kept goes with its node', async () => {
  const fleet = await world(['mx1', 'mx2'])
  for (const name of ['mx1', 'mx2']) fleet.node(name).wanted = 'running'
  const file = join(fleet.profile.directory, 'watch.json')
  let tries: unknown
  fleet.node('mx1').during = () =>
    void (tries = (JSON.parse(readFileSync(file, 'utf8')) as { nodes: { tries: number }[] }).nodes[0]?.tries)
  await once(fleet)
  expect(tries).toBe(1)
  await fleet.profile.update((data) => ({ data: { ...data, nodes: data.nodes.slice(1) }, result: undefined }))
  await once(fleet)
  expect((await fleet.profile.watch.read()).map(({ node }) => node)).toEqual([2])
})

describe('a watch that goes on', () => {
  const watch = (fleet: MemoryWorld, events: WatchEvent[], interval = 0.02): Promise<void> =>
    watchOn(fleet.context, { names: ['mx1', 'mx2'] }, { ...OPTIONS, interval }, (event) => void events.push(event))
  const names = (events: readonly WatchEvent[]): readonly string[] => events.map(({ node = '-', event }) => `${node} ${event}`)

  test('says what changes, once; a second one stands by and takes over; a signal ends them', async () => {
    const fleet = await world(['mx1', 'mx2'])
    for (const name of ['mx1', 'mx2']) Object.assign(fleet.node(name), { running: true, wanted: 'running' })
    const [events, later]: [WatchEvent[], WatchEvent[]] = [[], []]
    const running = watch(fleet, events)
    await until('it has begun', 20, () => events.length > 0 || undefined)
    const second = { ...fleet, context: { ...fleet.context, signal: new AbortController().signal } }
    const over = new AbortController()
    Object.assign(second.context, { signal: over.signal })
    const standby = watch(second, later)
    await until('the other stands by', 20, () => later.length > 0 || undefined)
    expect(found(await once(fleet))).toEqual([])
    fleet.node('mx2').lost = new UnauthorizedError('key refused')
    await until('it is said', 20, () => events.length > 1 || undefined)
    const calls = fleet.node('mx2').calls.length
    await until('it was looked at again, twice', 20, () => fleet.node('mx2').calls.length > calls + 4 || undefined)
    expect(names(events)).toEqual(['- watching', 'mx2 unreachable'])
    expect(events[1]).toMatchObject({ outcome: 'unauthorized', message: expect.stringContaining('key refused') as string })
    await fleet.profile.update((data) => ({ data: { ...data, nodes: data.nodes.slice(1) }, result: undefined }))
    fleet.node('mx2').lost = undefined
    await until('it is seen again, though mx1 is gone', 20, () => events.length > 2 || undefined)
    fleet.abort.abort()
    await running
    expect(names(events)).toEqual(['- watching', 'mx2 unreachable', 'mx2 well', '- ended'])
    await fleet.profile.update((data) => ({
      data: { ...data, nodes: [...data.nodes, { ...data.nodes[0]!, id: 3, name: 'mx1' }], nextId: 4 },
      result: undefined,
    }))
    await until('the standby has taken over', 20, () => later.length > 1 || undefined)
    over.abort()
    await standby
    expect(names(later)).toEqual(['- standby', '- watching', '- ended'])
  })

  test('one node that hangs keeps no other waiting, and a restart under way is finished', async () => {
    const fleet = await world(['mx1', 'mx2'])
    let release: () => void = () => undefined
    Object.assign(fleet.node('mx1'), { running: true, wanted: 'running' })
    Object.assign(fleet.node('mx2'), { running: true, wanted: 'running' })
    const events: WatchEvent[] = []
    const running = watch(fleet, events)
    await until('it has begun', 20, () => events.length > 0 || undefined)
    fleet.node('mx1').during = () => new Promise<void>((resolve) => (release = resolve))
    fleet.node('mx1').running = false
    await until('the start is under way', 20, () => fleet.node('mx1').calls.includes('start') || undefined)
    fleet.node('mx2').running = false
    await until('the other is restarted meanwhile', 20, () => names(events).includes('mx2 restarted') || undefined)
    fleet.abort.abort()
    release()
    await running
    expect(fleet.node('mx1').running).toBe(true)
    expect(fleet.node('mx1').calls.filter((call) => call === 'start')).toHaveLength(1)
    expect(names(events)).toContain('mx1 restarted')
  })
})

describe('--notify', () => {
  const at = '2026-11-24T04:00:00.000Z'
  const evil = `$(touch ${join(folder, 'oops')}) \`id\` "; exit 1; '\u0000\u001b[31m`
  const event: WatchEvent = { at, event: 'gave-up', node: 'mx1', message: evil, tries: 2, maxTries: 2 }

  test('gets the event in its environment and as JSON on stdin, and values never run', async () => {
    const fleet = await world(['mx1'])
    const out = join(folder, 'out')
    const context = { ...fleet.context, env: { PATH: process.env['PATH'], OUT: out } }
    await notify(
      context,
      'printf "%s|" "$AKCTL_EVENT" "$AKCTL_NODE" "$AKCTL_PROFILE" "$AKCTL_TRIES" "$AKCTL_MESSAGE" >"$OUT"; cat >>"$OUT"',
      event,
    )
    const [name, node, profile, tries, message, ...json] = readFileSync(out, 'utf8').split('|')
    expect([name, node, profile, tries]).toEqual(['gave-up', 'mx1', 'default', '2'])
    expect(message).toBe(evil.replace('\u0000', ' ').replace('\u001b', ' '))
    expect(JSON.parse(json.join('|'))).toEqual(event)
    expect([existsSync(join(folder, 'oops')), fleet.notes]).toEqual([false, []])
  })

  test('one that fails is a warning with what it said; one that hangs is ended, with all it has started', async () => {
    const fleet = await world(['mx1'])
    const context = { ...fleet.context, env: { PATH: process.env['PATH'] } }
    await notify(context, 'echo no mailer >&2; exit 3', event)
    expect(fleet.notes).toEqual(['warning: --notify for gave-up of mx1: it ended with status 3: no mailer'])
    const pids = join(folder, 'pids')
    await notify(context, `sleep 600 & echo $! $$ >${pids}; wait`, event, 0.5)
    expect(fleet.notes[1]).toMatch(/took longer than 0.5 s and was ended/)
    const all = readFileSync(pids, 'utf8').trim().split(' ')
    await until('none is left', 20, () => {
      const left = execFileSync('sh', ['-c', `ps -o stat= -p ${all.join(',')} | grep -v Z || :`], { encoding: 'utf8' })
      return left.trim() === '' || undefined
    })
    await notify(context, 'exit 0', { ...event, message: 'x'.repeat(100_000) }) // reads no stdin
    expect(fleet.notes).toHaveLength(2)
  })

  test('is run for the events of nodes, and does not hold a restart up', async () => {
    const fleet = await world(['mx1'])
    fleet.node('mx1').wanted = 'running'
    const out = join(folder, 'seen')
    const context = { ...fleet.context, env: { PATH: process.env['PATH'], OUT: out } }
    const gate = join(folder, 'gate')
    const command = `until [ -e '${gate}' ]; do sleep 0.05; done; echo "$AKCTL_EVENT" >>"$OUT"`
    const running = once({ ...fleet, context }, { ...OPTIONS, notify: command })
    await until('it is restarted, though the first notification has not ended', 20, () => fleet.node('mx1').running || undefined)
    execFileSync('touch', [gate])
    expect(found(await running)).toEqual(['mx1 changed well'])
    expect(readFileSync(out, 'utf8').trim().split('\n').sort()).toEqual(['down', 'restarted'])
  })
})

test('a file without a name is nothing to watch: that is refused where it would wait for ever', async () => {
  const fleet = await world(['mx1'])
  const empty = { names: ['@file:/dev/null'] }
  await expect(watchOn(fleet.context, empty, OPTIONS, () => undefined)).rejects.toMatchObject({ exit: 9 })
  expect((await watchOnce(fleet.context, empty, OPTIONS)).nodes).toEqual([])
})
