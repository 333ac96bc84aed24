/* eslint "jest/no-standalone-expect": "off", "@typescript-eslint/non-nullable-type-assertion-style": "off" -- decided by a table, or asserted by a helper */
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import type { Order } from '../../src/connection/port.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { applyScript } from '../../src/mta/shared/operations.ts'
import type { Settings } from '../../src/node/settings.ts'
import { syncedOf } from '../../src/node/state.ts'
import { UnknownOutcomeError } from '../../src/outcome/errors.ts'
import type { Script } from '../../src/script/script.ts'
import { type HarakaNode, harakaNodes, harakaPids } from '../support/haraka.ts'
import { cutAfter, killedAfter, type Passed, passed } from '../support/kill-lines.ts'
import { newOrder, newSync } from '../support/local-node.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const folder = tempDir()
const make = harakaNodes()

let node: HarakaNode
/** What the node holds; every run goes from one number to the next. */
let number = 10
let places: readonly Passed[]

beforeAll(async () => {
  node = await make()
  await node.start()
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
  number += 1
  places = await passed(node.host, apply(newOrder(), number), folder, stateOf(node.directory))
  expect(places.length).toBeGreaterThan(100)
}, 120_000)

/** One number in three files: a mix of two revisions would show. */
function settingsOf(n: number): Settings {
  return { 'spool-channel-size': n, 'smtp-admin-email': `n${n}@example.com`, 'retry-channel-size': n }
}

function apply(order: Order, n: number): Script<unknown> {
  const [settings, edits] = [settingsOf(n), haraka.edits(settingsOf(n), node.installation)]
  return applyScript(haraka, node.installation, { head: order, settings, edits, expect: 'any', lockWait: 20, restart: true })
}

/** A command that tells everything a killed script could leave behind: files, the process and its pid file. */
function stateOf(directory: string): string {
  return `find '${directory}/akctl' ! -name lease -printf '%p %s %l %i\\n'; cat '${directory}/run/haraka.pid'
    grep -lsF 'HARAKA=${directory}/' /proc/[0-9]*/environ`
}

/** The number in all three files of a configuration. @throws Error for a mix */
function numberIn(conf: string): number {
  const read = (file: string, line: RegExp): number => Number(line.exec(readFileSync(join(conf, 'config', file), 'utf8'))?.[1])
  const size = read('outbound.ini', /^concurrency_max=(\d+)$/m)
  const sender = read('outbound.bounce_message', /^From: n(\d+)@/m)
  const retries = read('akctl.ini', /^size=(\d+)$/m)
  if (size !== sender || size !== retries) throw new Error(`a mix: ${size}, ${sender}, ${retries}`)
  return size
}

/** The truth, without akctl: what is current (whole, as its sums say), what the process reads, and which process that is. */
interface Truth {
  readonly current: number
  readonly live: number
  readonly pid?: number
  /** Whether the process started after what it reads was put in place. */
  readonly tookLive: boolean
}

function truth(): Truth {
  const akctl = join(node.directory, 'akctl')
  const revision = join(akctl, readlinkSync(join(akctl, 'current')))
  execFileSync('sha256sum', ['--quiet', '-c', join(revision, 'sums')], { cwd: join(revision, 'conf') })
  execFileSync('diff', ['-r', join(revision, 'conf'), join(revision, 'written')])
  const record = JSON.parse(readFileSync(join(revision, 'send-module.json'), 'utf8')) as { settings: Settings }
  const current = numberIn(join(revision, 'conf'))
  if (record.settings['spool-channel-size'] !== current) throw new Error(`the record and the files differ at ${current}`)
  const live = numberIn(join(akctl, 'live/conf'))
  const pids = harakaPids(node.directory)
  if (pids.length > 1) throw new Error(`several processes: ${pids.join(' ')}`)
  const [pid] = pids
  if (pid === undefined) return { current, live, tookLive: false }
  const since = lstatSync(join(akctl, 'live')).mtimeMs / 1000
  return { current, live, pid, tookLive: startedAt(pid) > since - 0.05 }
}

/** Seconds since 1970 at which a process started (proc(5), field 22). */
function startedAt(pid: number): number {
  const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19])
  return Date.now() / 1000 - Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) + ticks / 100
}

/** After a broken run from `old` to `wanted`: nothing is a mix, nothing claims better than the truth, the next sync works. */
async function examine(order: Order, old: number, wanted: number): Promise<void> {
  const said = await until('the order is at rest', 60, async () => {
    const state = await node.connection.order(order.id)
    return state.state === 'running' ? undefined : state
  })
  const state = await node.connection.status()
  const found = truth()
  const running = found.pid !== undefined
  expect([old, wanted]).toContain(found.current)
  expect([old, wanted]).toContain(found.live)
  expect(state.running).toBe(running)
  expect(state.edited).toEqual([])
  const inForce = running && found.live === wanted && found.tookLive
  const isNew = syncedOf(state, settingsOf(wanted)) === 'yes'
  const isOld = syncedOf(state, settingsOf(old)) === 'yes'
  expect({ said, holds: said.outcome !== 'changed' || (found.current === wanted && inForce) }).toMatchObject({ holds: true })
  expect({ isNew, holds: !isNew || (found.current === wanted && (inForce || !running)) }).toMatchObject({ holds: true })
  expect({ isOld, holds: !isOld || (found.current === old && found.live === old) }).toMatchObject({ holds: true })
  await node.connection.sync(newSync({ settings: settingsOf(wanted) }))
  if (!running) await node.connection.start(newOrder())
  expect(truth()).toMatchObject({ current: wanted, live: wanted, tookLive: true })
  expect(readdirSync(join(node.directory, 'akctl/revisions')).filter((name) => name.startsWith('.'))).toEqual([])
}

/** Steps of a restart whose trace comes late: a process ends, or writes its pid file, a while after. */
const LATE = /kill -s|hk_gone "|ak_link live|_started=|hk_alive "/

/**
 * The places before, and from the commit on, where killing is worth it: a script killed between two of them leaves
 * behind what it does at the first.
 */
function worth(): { readonly before: readonly Passed[]; readonly after: readonly Passed[] } {
  const commit = places.findIndex(({ text }) => text.startsWith('mv -T "$NEW"'))
  const select = (part: readonly Passed[]): readonly Passed[] => part.filter(({ changed, text }) => changed || LATE.test(text))
  return { before: select(places.slice(0, commit)), after: select(places.slice(commit)) }
}

async function killAt(place: Passed, order: Order, n: number): Promise<void> {
  const run = runScript(node.host, killedAfter(apply(order, n), place), { timeout: 60 })
  await expect(run.then(() => place.text)).rejects.toThrow(/killed by SIGKILL/)
}

test('killed after each line before the commit: the old revision is current, and its process knows nothing of it', async () => {
  const found = truth()
  const { before } = worth()
  expect(before.length).toBeGreaterThan(15)
  for (const place of before) {
    await killAt(place, newOrder(), number + 1)
    expect(truth()).toEqual(found)
  }
  const order = newOrder()
  await killAt(before.at(-1) as Passed, order, number + 1)
  number += 1
  await examine(order, number - 1, number)
}, 600_000)

test('killed after each line from the commit on: old or new, never a mix', async () => {
  const { after } = worth()
  for (const step of ['mv -T "$NEW"', 'was-current', 'kill -s', 'ak_link live', '_started=', 'loaded']) {
    expect(after.map(({ text }) => text.includes(step))).toContain(true)
  }
  for (const place of after) {
    const [order, old] = [newOrder(), number]
    number += 1
    await killAt(place, order, number)
    await examine(order, old, number)
  }
}, 600_000)

test('a link that is cut while Haraka restarts: the sync ends as it would have, and akctl says unknown', async () => {
  for (const place of worth().after.filter((_, index) => index % 4 === 0)) {
    const [order, old] = [newOrder(), number]
    number += 1
    expect(await cutAfter(node.host, apply(order, number), place, folder)).toBeInstanceOf(UnknownOutcomeError)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed' })
    await examine(order, old, number)
  }
}, 600_000)
