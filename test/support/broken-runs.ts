/* eslint "jest/no-standalone-expect": "off" -- tests call these */
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import type { Order } from '../../src/connection/port.ts'
import { rollbackScript } from '../../src/mta/shared/inspection.ts'
import { applyScript } from '../../src/mta/shared/operations.ts'
import type { OrderState } from '../../src/node/revision.ts'
import type { Settings } from '../../src/node/settings.ts'
import { syncedOf } from '../../src/node/state.ts'
import { UnknownOutcomeError } from '../../src/outcome/errors.ts'
import type { Script } from '../../src/script/script.ts'
import { cutAfter, killedAfter, type Passed, passed, type Place } from './kill-lines.ts'
import { type LocalNode, newOrder, newSync } from './local-node.ts'
import { until } from './until.ts'

/** A node whose changes are broken off. Its settings come from one number, which its files hold in several places. */
export interface Breakable {
  readonly node: LocalNode
  /** For what the broken runs leave; outside of the node's directory. */
  readonly folder: string
  settingsOf(n: number): Settings
  /** The number that a folder's files hold. @throws Error for a mix of two */
  numberIn(conf: string): number
  /** The MTA's processes, by a look at all of /proc. */
  pids(): readonly number[]
  /** The process that has read the configuration when it started, of the MTA with this pid. */
  reader(pid: number): number | undefined
  /** Makes the base one that needs a restart, and with which the MTA does not come up. @returns what undoes it */
  spoil(): () => void
  /** A shell command that tells of the processes what a killed script could leave behind in another way. */
  readonly processes: string
  /** Places that count as changed though what is done there shows only later. */
  readonly late?: RegExp
}

/** The truth, without akctl: what is current (whole, as its sums say), what the process reads, and which process that is. */
export interface Truth {
  readonly current: number
  /** The number that the process reads, and whether it was started (or reloaded) after that was put in place. */
  readonly live: number
  readonly tookLive: boolean
  readonly pid: number | undefined
}

/** A change to be broken off. */
export interface Change {
  /** Makes the node hold this number. */
  readonly script: (order: Order, n: number) => Script<unknown>
  /** Whether the MTA does not come up with it, so that it goes back. */
  readonly fails: boolean
}

/** A run of a script that was broken off. */
interface Broken {
  readonly order: Order
  readonly old: number
  readonly wanted: number
  /** Whether its base was one with which the MTA does not come up; it is no more. */
  readonly fails: boolean
}

/** The line of a script that puts a revision in its place. */
const COMMIT = 'mv -T "$NEW"'

/** Breaks off a node's changes, and compares what is there, and what akctl says of it, with what is promised. */
export class BrokenRuns {
  /** What the node holds; every change goes to the next one. */
  number = 10
  private isStopped = false

  constructor(private readonly mta: Breakable) {}

  readonly sync: Change = {
    fails: false,
    script: (order, n) => {
      const { driver, installation } = this.mta.node
      const settings = this.mta.settingsOf(n)
      const edits = driver.edits(settings, installation)
      return applyScript(driver, installation, { head: order, settings, edits, expect: 'any', lockWait: 20, restart: true })
    },
  }

  readonly failing: Change = { ...this.sync, fails: true }

  /** Goes back to the revision before the current one; `beforeRollback` sees to it that this holds the next number. */
  readonly rollback: Change = {
    fails: false,
    script: (order) => rollbackScript(this.mta.node.driver, this.mta.node.installation, { ...order, lockWait: 20 }),
  }

  async beforeRollback(): Promise<void> {
    await this.settle(this.number + 1)
    await this.settle(this.number - 1)
  }

  /** Stops the MTA, and leaves it so: for what has nothing to do with its process. */
  async stop(): Promise<void> {
    await this.mta.node.connection.stop(newOrder())
    this.isStopped = true
  }

  /** A sync, and a start where a broken run has left it dead: the number is in force then, and nothing half made is left. */
  async settle(n = this.number): Promise<void> {
    const { connection } = this.mta.node
    await connection.sync(newSync({ settings: this.mta.settingsOf(n) }))
    if (!this.isStopped && this.mta.pids().length === 0) await connection.start(newOrder())
    this.number = n
    this.expectHolds(this.truth())
  }

  /**
   * The places where breaking a script off is worth it: broken off between two of them it leaves behind what it does at
   * the first. The node holds the next number afterwards, unless the change fails.
   * @param split a text in a line
   * @returns those before the first place that holds this text, and the others; of a change that fails only the others,
   * as it comes past them once it has come past that place (it has come past some of them before)
   */
  async places({ script, fails }: Change, split = COMMIT): Promise<readonly [readonly Passed[], readonly Passed[]]> {
    const { node, folder, processes, late } = this.mta
    // Not the lease: test/unit/mta-leases.test.ts kills scripts after each line that has to do with it.
    const state = `find '${node.directory}/akctl' ! -name lease -printf '%p %s %l %i\\n'; ${processes}`
    const run = (): Promise<readonly Passed[]> =>
      passed(node.host, script(newOrder(), this.number + 1), folder, state, fails ? split : undefined)
    const all = await (fails ? this.whileSpoiled(run) : run())
    expect(all.length).toBeGreaterThan(fails ? 30 : 100)
    if (!fails) this.number += 1
    const index = all.findIndex(({ text }) => text.includes(split))
    expect(index).toBeGreaterThanOrEqual(0)
    const worth = (part: readonly Passed[]): readonly Passed[] =>
      part.filter(({ changed, text }) => changed || late?.test(text) === true)
    return [worth(all.slice(0, index)), worth(all.slice(index))]
  }

  truth(): Truth {
    const akctl = join(this.mta.node.directory, 'akctl')
    const link = join(akctl, readlinkSync(join(akctl, 'current')))
    // Marked as failed: the next command finishes the way back to the revision that the mark names, whatever it is.
    const failed = join(link, 'failed')
    const revision = existsSync(failed) ? join(akctl, 'revisions', readFileSync(failed, 'utf8').trim()) : link
    execFileSync('sha256sum', ['--quiet', '-c', join(revision, 'sums')], { cwd: join(revision, 'conf') })
    execFileSync('diff', ['-r', join(revision, 'conf'), join(revision, 'written')])
    const current = this.mta.numberIn(join(revision, 'conf'))
    const record = JSON.parse(readFileSync(join(revision, 'send-module.json'), 'utf8')) as { settings: Settings }
    expect(record.settings).toEqual(this.mta.settingsOf(current))
    const live = this.mta.numberIn(join(akctl, 'live/conf'))
    const pids = this.mta.pids()
    expect(pids.length).toBeLessThan(2)
    const [pid] = pids
    const reader = pid === undefined ? undefined : this.mta.reader(pid)
    const since = lstatSync(join(akctl, 'live')).mtimeMs / 1000
    return { current, live, pid, tookLive: reader !== undefined && startedAt(reader) > since - 0.05 }
  }

  /** Kills a script with -9 at a place on its way to the next number; akctl must not know what became of it. */
  private async kill({ script, fails }: Change, place: Place): Promise<Broken> {
    const run = { order: newOrder(), old: this.number, wanted: this.number + 1, fails }
    const killed = killedAfter(script(run.order, run.wanted), place)
    const attempt = (): Promise<unknown> =>
      runScript(this.mta.node.host, killed, { timeout: 60 }).catch((thrown: unknown) => thrown)
    const error = await (fails ? this.whileSpoiled(attempt) : attempt())
    expect({ place, error }).toEqual({ place, error: expect.any(UnknownOutcomeError) as unknown })
    expect((error as Error).message).toContain('killed by SIGKILL')
    return run
  }

  /** Killed there, the node holds the old or the new, never a mix; nothing claims better than the truth; the next sync works. */
  async survivesKill(change: Change, place: Place): Promise<void> {
    const run = await this.kill(change, place)
    await this.expectSound(run)
    await this.settle(run.wanted)
  }

  /** Killed at any of these, each time from what the one before has left, nothing is changed that counts; the next sync works. */
  async untouchedByKills(change: Change, places: readonly Place[]): Promise<void> {
    const before = this.truth()
    for (const place of places) {
      const { truth } = await this.expectSound(await this.kill(change, place))
      expect({ place, truth }).toEqual({ place, truth: before })
    }
    await this.settle(this.number + 1)
  }

  /** Its link cut there, a script ends as it would have, and akctl does not know so until it asks. */
  async survivesCut({ script, fails }: Change, place: Place): Promise<void> {
    const { node, folder } = this.mta
    const run = { order: newOrder(), old: this.number, wanted: this.number + 1, fails }
    const attempt = (): Promise<unknown> => cutAfter(node.host, script(run.order, run.wanted), place, folder)
    const error = await (fails ? this.whileSpoiled(attempt) : attempt())
    expect({ place, error }).toEqual({ place, error: expect.any(UnknownOutcomeError) as unknown })
    const { said, truth } = await this.expectSound(run)
    expect(said).toMatchObject({ state: 'done', outcome: fails ? 'failed' : 'changed' })
    if (!fails) this.number = run.wanted
    this.expectHolds(truth)
  }

  /**
   * The same for a change as `places` has split it. Before that nothing has to do with the process, which is stopped
   * for these: cut at the first, every line there is runs without a link.
   */
  async survivesCuts(change: Change, [before, after]: readonly [readonly Place[], readonly Place[]]): Promise<void> {
    for (const place of [...before.slice(0, 1), ...after]) await this.survivesCut(change, place)
    await this.stop()
    for (const place of before.slice(1)) await this.survivesCut(change, place)
  }

  /** A rollback, killed after each of its lines up to the commit, and cut off at the first; leaves the MTA stopped. */
  async survivesBrokenRollbacks(): Promise<void> {
    await this.stop() // up to the commit nothing has to do with the process
    await this.beforeRollback()
    const [places] = await this.places(this.rollback)
    expect(places.length).toBeGreaterThan(5)
    await this.beforeRollback()
    await this.untouchedByKills(this.rollback, places)
    await this.beforeRollback()
    await this.survivesCut(this.rollback, places[0] as Place)
  }

  private async whileSpoiled<T>(run: () => Promise<T>): Promise<T> {
    const mend = this.mta.spoil()
    try {
      return await run()
    } finally {
      mend()
    }
  }

  /** @returns the truth, and what akctl says of the order, once it is at rest */
  private async expectSound({
    order,
    old,
    wanted,
    fails,
  }: Broken): Promise<{ readonly said: OrderState; readonly truth: Truth }> {
    const { connection } = this.mta.node
    const said = await until('the order is at rest', 60, async () => {
      const state = await connection.order(order.id)
      return state.state === 'running' ? undefined : state
    })
    // A process that was told to end just before may go between two looks at it.
    const [state, truth] = await until('the process is the same before and after', 30, async () => {
      const before = this.mta.pids()[0]
      const seen = await connection.status()
      const found = this.truth()
      return found.pid === before ? ([seen, found] as const) : undefined
    })
    const { current, live, pid, tookLive } = truth
    const isRunning = pid !== undefined
    expect([old, wanted]).toContain(current)
    expect([old, wanted]).toContain(live)
    expect(state).toMatchObject({ running: isRunning, edited: fails && current === wanted ? ['base'] : [] })
    const inForce = isRunning && live === wanted && tookLive
    const isSynced = (n: number): boolean => syncedOf(state, this.mta.settingsOf(n)) === 'yes'
    if (said.outcome === 'changed') expect([current, inForce || !isRunning]).toEqual([wanted, true])
    if (said.state === 'none') expect([current, live]).toEqual([old, old])
    if (isSynced(wanted)) expect([current, inForce || !isRunning]).toEqual([wanted, true])
    if (isSynced(old)) expect([current, isRunning ? live : old]).toEqual([old, old])
    return { said, truth }
  }

  private expectHolds(truth: Truth): void {
    expect(truth).toMatchObject({ current: this.number, live: this.number, tookLive: !this.isStopped })
    const revisions = readdirSync(join(this.mta.node.directory, 'akctl/revisions'))
    expect(revisions.filter((name) => name.startsWith('.'))).toEqual([])
  }
}

/** Seconds since 1970 at which a process started (proc(5), field 22). */
function startedAt(pid: number): number {
  const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19])
  return bootedAt() + ticks / 100
}

/** Seconds since 1970 at which the machine started: the clock and the uptime, read within a moment of each other. */
function bootedAt(): number {
  for (;;) {
    const [before, uptime, after] = [Date.now(), readFileSync('/proc/uptime', 'utf8').split(' ')[0], Date.now()]
    if (after - before < 5) return before / 1000 - Number(uptime)
  }
}
