/* eslint "jest/expect-expect": "off" -- decided by a table, or asserted by a helper */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import type { Order } from '../../src/connection/port.ts'
import { postfix } from '../../src/mta/postfix/driver.ts'
import { applyScript } from '../../src/mta/shared/operations.ts'
import { rollbackScript } from '../../src/mta/shared/inspection.ts'
import type { Settings } from '../../src/node/settings.ts'
import { syncedOf } from '../../src/node/state.ts'
import { UnknownOutcomeError } from '../../src/outcome/errors.ts'
import type { Script } from '../../src/script/script.ts'
import { cutAfter, killedAfter, type Passed, passed } from '../support/kill-lines.ts'
import { type LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { until } from '../support/until.ts'

const folder = postfixFolder()
const directory = join(folder, 'mta')

let node: LocalNode
/** Whether the settings hold one that needs a restart. */
let restarting = false
/** What the node holds; every run goes from one number to the next. */
let number = 10

beforeAll(async () => {
  const made = await postfixNode(directory)
  node = made.node
  await node.install({ listen: made.listen, hostname: 'mx.example.com' })
  await node.connection.start(newOrder())
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
})

/** One number in both files: a mix of two revisions would show. */
function settingsOf(n: number): Settings {
  const both = { 'spool-writers': (n % 64) + 1, 'esmtp-connection-timeout': n }
  return restarting ? { ...both, 'dns-lookup-timeout': (n % 30) + 1 } : both
}

function apply(order: Order, settings: Settings): Script<unknown> {
  const edits = postfix.edits(settings, node.installation)
  return applyScript(postfix, node.installation, { head: order, settings, edits, expect: 'any', lockWait: 20, restart: true })
}

/** The number that a folder's files hold, both of them. @throws Error for a mix */
function numberIn(conf: string): number {
  const timeout = /^smtp_connect_timeout = (\d+)s$/m.exec(readFileSync(join(conf, 'main.cf'), 'utf8'))?.[1]
  const writers = /^\S+ +inet +\S+ +\S+ +\S+ +\S+ +(\d+) +smtpd$/m.exec(readFileSync(join(conf, 'master.cf'), 'utf8'))?.[1]
  if (timeout === undefined || (Number(timeout) % 64) + 1 !== Number(writers)) throw new Error(`a mix: ${timeout} and ${writers}`)
  return Number(timeout)
}

/** Seconds since 1970 at which the machine started: the clock and the uptime, read within a moment of each other. */
function bootedAt(): number {
  for (;;) {
    const [before, uptime, after] = [Date.now(), readFileSync('/proc/uptime', 'utf8').split(' ')[0], Date.now()]
    if (after - before < 5) return before / 1000 - Number(uptime)
  }
}

/** Seconds since 1970 at which a process started (proc(5), field 22). */
function startedAt(pid: number): number {
  const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19])
  return bootedAt() + ticks / 100
}

/** The truth, without akctl: what is current (whole, as its sums say), and what the running process has loaded. */
interface Truth {
  readonly current: number
  readonly running: boolean
  /** The number the process reads, and whether it came up (or was reloaded) after that was put in place. */
  readonly live: number
  readonly tookLive: boolean
}

function truth(): Truth {
  const akctl = join(directory, 'akctl')
  const link = join(akctl, readlinkSync(join(akctl, 'current')))
  // Marked as failed: the next command finishes the way back to the revision that the mark names, whatever it is.
  const failed = join(link, 'failed')
  const revision = existsSync(failed) ? join(akctl, 'revisions', readFileSync(failed, 'utf8').trim()) : link
  execFileSync('sha256sum', ['--quiet', '-c', join(revision, 'sums')], { cwd: join(revision, 'conf') })
  execFileSync('diff', ['-r', join(revision, 'conf'), join(revision, 'written')])
  const record = JSON.parse(readFileSync(join(revision, 'send-module.json'), 'utf8')) as { settings: Settings }
  const current = numberIn(join(revision, 'conf'))
  expect(record.settings).toMatchObject({ 'esmtp-connection-timeout': current })
  const pids = masterPids(directory)
  expect(pids.length).toBeLessThan(2)
  const pid = pids[0]
  const live = numberIn(join(akctl, 'live/conf'))
  if (pid === undefined) return { current, running: false, live, tookLive: false }
  const qmgr = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'qmgr')
  const moved = lstatSync(join(akctl, 'live')).mtimeMs / 1000
  return { current, running: true, live, tookLive: qmgr !== undefined && startedAt(Number(qmgr)) > moved - 0.05 }
}

/** After a broken run from `old` to `wanted`: nothing is a mix, nothing claims better than the truth, the next sync works. */
async function expectSound(order: Order, old: number, wanted: number): Promise<void> {
  const said = await until('the order is at rest', 30, async () => {
    const state = await node.connection.order(order.id)
    return state.state === 'running' ? undefined : state
  })
  const state = await node.connection.status()
  const found = truth()
  expect([old, wanted]).toContain(found.current)
  expect([old, wanted]).toContain(found.live)
  expect(state.running).toBe(found.running)
  expect(state.edited).toEqual([])
  const inForce = found.running && found.live === wanted && found.tookLive
  if (said.outcome === 'changed') expect([found.current, inForce]).toEqual([wanted, true])
  if (said.state === 'none') expect([found.current, found.live]).toEqual([old, old])
  if (syncedOf(state, settingsOf(wanted)) === 'yes') expect([found.current, inForce || !found.running]).toEqual([wanted, true])
  if (syncedOf(state, settingsOf(old)) === 'yes') {
    expect([found.current, found.running ? found.live : old]).toEqual([old, old])
  }

  await node.connection.sync(newSync({ settings: settingsOf(wanted) }))
  if (!found.running) await node.connection.start(newOrder())
  const after = truth()
  expect(after).toEqual({ current: wanted, running: true, live: wanted, tookLive: true })
  expect(readdirSync(join(directory, 'akctl/revisions')).filter((name) => name.startsWith('.'))).toEqual([])
}

/**
 * Everything a killed script could leave behind: the files below akctl/, and the processes. Not the
 * lease: test/unit/mta-leases.test.ts kills scripts after each line that has to do with it.
 */
const STATE = `find '${directory}/akctl' ! -name lease -printf '%p %s %l %i\\n'; cat /proc/$(cat '${directory}/queue/pid/master.pid')/task/*/children`

type Maker = (order: Order, wanted: number) => Script<unknown>

const bySync: Maker = (order, wanted) => apply(order, settingsOf(wanted))

/**
 * The places where killing is worth it: a script killed between two of them leaves behind what it does at the first.
 * The node is at the next number afterwards.
 */
async function placesOf(script: Maker, from = '', to = 'no such line'): Promise<readonly Passed[]> {
  number += 1
  const all = await passed(node.host, script(newOrder(), number), folder, STATE)
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
  expect(all.length).toBeGreaterThan(100)
  const first = all.findIndex(({ text }) => text.includes(from))
  const last = all.findIndex(({ text }) => text.includes(to))
  return all.slice(first, last < 0 ? undefined : last + 1).filter(({ changed }) => changed)
}

async function expectSurvives(script: Maker, place: Passed): Promise<void> {
  const [order, old] = [newOrder(), number]
  number += 1
  const run = runScript(node.host, killedAfter(script(order, number), place), { timeout: 60 })
  await expect(run.then(() => place.text)).rejects.toThrow(/killed by SIGKILL/)
  await expectSound(order, old, number)
}

test('a sync that reloads, killed with -9 after each of its lines: old or new, never a mix', async () => {
  const places = await placesOf(bySync)
  expect(places.length).toBeGreaterThan(15)
  for (const place of places) await expectSurvives(bySync, place)
}, 600_000)

test('a sync that restarts, killed after each line of the restart', async () => {
  restarting = true
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
  const before = masterPids(directory)
  const places = await placesOf(bySync, 'rv_take_in')
  expect(masterPids(directory)).not.toEqual(before)
  for (const place of places) await expectSurvives(bySync, place)
  restarting = false
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
}, 600_000)

test('a rollback, killed after each of its own lines', async () => {
  // What is rolled back to is the number wanted next; a sync to and fro puts it into an earlier revision.
  const back: Maker = (order) => rollbackScript(postfix, node.installation, { ...order, lockWait: 20 })
  const prepare = async (): Promise<void> => {
    await node.connection.sync(newSync({ settings: settingsOf(number + 1) }))
    await node.connection.sync(newSync({ settings: settingsOf(number) }))
  }
  await prepare()
  const places = await placesOf(back, 'rv_new', 'rv_commit() {')
  expect(places.length).toBeGreaterThan(2)
  for (const place of places) {
    await prepare()
    await expectSurvives(back, place)
  }
}, 600_000)

test('the way back from a revision that does not come up, killed after each of its lines', async () => {
  const base = join(directory, 'base/master.cf')
  const sound = readFileSync(base, 'utf8')
  const spoil = (): void => appendFileSync(base, '203.0.113.77:2599 inet n - n - - smtpd\n')
  spoil()
  number += 1
  const all = await passed(node.host, bySync(newOrder(), number), folder, STATE, true)
  writeFileSync(base, sound)
  const places = all.slice(all.findIndex(({ text }) => text.startsWith('rv_return'))).filter(({ changed }) => changed)
  expect(places.length).toBeGreaterThan(2)
  for (const place of places) {
    await node.connection.sync(newSync({ settings: settingsOf(number) }))
    await node.connection.start(newOrder())
    const [order, old] = [newOrder(), number]
    number += 1
    spoil()
    const run = runScript(node.host, killedAfter(bySync(order, number), place), { timeout: 60 })
    await expect(run.then(() => place.text)).rejects.toThrow(/killed by SIGKILL/)
    writeFileSync(base, sound)
    await expectSound(order, old, number)
  }
}, 600_000)

test('a sync whose link is cut after each of its lines ends as it would have, and akctl says unknown', async () => {
  const places = await placesOf(bySync)
  for (const place of places.filter((_, index) => index % 3 === 0)) {
    const [order, old] = [newOrder(), number]
    number += 1
    expect(await cutAfter(node.host, bySync(order, number), place, folder)).toBeInstanceOf(UnknownOutcomeError)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed' })
    await expectSound(order, old, number)
  }
}, 600_000)
