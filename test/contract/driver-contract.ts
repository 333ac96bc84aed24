/* eslint-disable jest/no-export -- a suite that the drivers' own test files run */
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../src/node/settings.ts'
import { REASON_MAX } from '../../src/node/reason.ts'
import { syncedOf } from '../../src/node/state.ts'
import { ConflictError, FailedError } from '../../src/outcome/errors.ts'
import type { InstallArchive } from '../../src/mta/driver.ts'
import type { StartOrder } from '../../src/connection/port.ts'
import type { Access } from '../support/accesses.ts'
import { type LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { Sink } from '../support/sink.ts'
import { greets } from '../support/smtp-banner.ts'
import { until } from '../support/until.ts'
import { type SendsFrom, sendingFrom } from './addresses-contract.ts'
import { leasing } from './lease-contract.ts'
import { readingLogs } from './logs-contract.ts'
import { type Effects, supporting } from './support-contract.ts'

/** What the contract needs to know of one MTA; everything here looks at the truth without akctl. */
export interface DriverSubject extends SendsFrom {
  readonly name: string
  /** Makes a node in a directory (a folder of its own, which is there) that nothing is installed on. */
  make(directory: string): Promise<{ readonly node: LocalNode; readonly listen: string }>
  /** What install ships, where the driver ships something. */
  readonly archive?: () => Promise<InstallArchive | undefined>
  /** Two sets that differ in what the MTA reads. */
  readonly first: Settings
  readonly second: Settings
  /** How the MTA takes the step from `first` to `second` in, and other addresses. */
  readonly took: 'reload' | 'restart'
  /** Whether what the MTA reads (the files, not akctl's record) holds exactly this set. */
  holds(node: LocalNode, settings: Settings): Promise<boolean>
  /** The pids of the MTA's main process for this directory, by a look at /proc of its own. */
  pids(directory: string): readonly number[]
  /** A file below conf/ and the base, where a line more does no harm, and such a line. */
  readonly file: string
  readonly comment: string
  /** Its own log, below the directory. */
  readonly log: string
  /** A file of the base, and a line for it with which the MTA can't come up healthy, though its own checks let it pass. */
  spoil(node: LocalNode): readonly [file: string, line: string]
  /** What `support` must say of each of the 23 keys, and what a sync must make of it. */
  readonly effects: Effects
}

/** The truth about a revision folder: `sha256sum -c` must find every file as its sums say. */
function revision(node: LocalNode, path: string): string {
  return join(node.directory, 'akctl/current', path)
}

function record(node: LocalNode): { revision: number; settings: Settings; id: string } {
  return JSON.parse(readFileSync(revision(node, 'send-module.json'), 'utf8')) as ReturnType<typeof record>
}

/**
 * The suite every driver is held to by every access, with a real MTA. Its tests build on each other: one installation,
 * one story. Installing is the machine's own; all that follows goes the way the access goes.
 */
export function driverContract(subject: DriverSubject, access: Access): void {
  describe(`${subject.name} by ${access.name}`, () => {
    const story = {} as { node: LocalNode; listen: string; sink: Sink }
    const directory = mkdtempSync(join(tmpdir(), `akctl-${subject.name}-`))
    chmodSync(directory, 0o755) // MTAs work as users of their own

    beforeAll(async () => {
      const made = await subject.make(directory)
      made.node.connection = await access.connect(made.node)
      Object.assign(story, made, { sink: await Sink.listen() })
    })
    afterAll(async () => {
      await story.node.connection.close()
      await access.end()
      await story.sink.close()
      for (const pid of subject.pids(directory)) process.kill(pid, 'SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    })

    installing(story, subject)
    power(story, subject)
    syncing(story, subject)
    drifting(story, subject)
    conflicts(story, subject)
    goingBack(story, subject)
    leasing(story)
    readingLogs(story)
    tells(story, subject)
    sendingFrom(story, subject, access)

    test('the last stop leaves nothing running', async () => {
      await story.node.connection.stop(newOrder())
      expect(subject.pids(story.node.directory)).toEqual([])
    })

    supporting(story, subject.effects)
  })
}

interface Story {
  readonly node: LocalNode
  readonly listen: string
  /** Where all mail of the node goes. */
  readonly sink: Sink
}

function installing(story: Story, subject: DriverSubject): void {
  test('a directory that is not prepared: not installed, and changing verbs say what to do', async () => {
    const { connection } = story.node
    expect(await connection.status()).toMatchObject({ installed: false, running: false, edited: [] })
    expect((await connection.status()).wanted).toBeUndefined()
    await expect(connection.start(newOrder())).rejects.toThrow(/nodes install/)
    await expect(connection.sync(newSync({ settings: subject.first }))).rejects.toThrow(/nodes install/)
    await expect(connection.order('00000000000000000000000000')).resolves.toMatchObject({ state: 'none' })
    expect(existsSync(join(story.node.directory, 'akctl/current'))).toBe(false)
  })

  test('install makes the base and revision 0, and a second one changes neither', async () => {
    const archive = await subject.archive?.()
    const options = { listen: story.listen, hostname: 'mx.example.com' }
    expect(await story.node.install(options, archive)).toMatchObject({ made: true, revision: 0 })
    expect(record(story.node)).toMatchObject({ revision: 0, id: 'install', settings: {} })
    appendFileSync(join(story.node.directory, 'base', subject.file), subject.comment)
    subject.relayTo(story.node, story.sink.port)
    const base = story.node.read(`base/${subject.file}`)
    expect(await story.node.install(options, archive)).toMatchObject({ made: false, revision: 0 })
    expect(story.node.read(`base/${subject.file}`)).toBe(base)
    const state = await story.node.connection.status()
    expect(state).toMatchObject({ installed: true, running: false })
    expect(state.version).toMatch(/^\d+\.\d+/)
    expect(syncedOf(state, {})).toBe('never')
  })
}

function power(story: Story, subject: DriverSubject): void {
  test('start, and starting a running one is a named no-op', async () => {
    const { node, listen } = story
    const started = await node.connection.start(newOrder())
    expect(subject.pids(node.directory)).toEqual([started.pid])
    expect(started.did).toBe(true)
    expect(await greets(listen)).toBe(true)
    expect(await node.connection.start(newOrder())).toMatchObject({ did: false, pid: started.pid })
    const state = await node.connection.status()
    expect(state).toMatchObject({ running: true, pid: started.pid, loaded: 0, listening: [listen] })
    expect(state.mute).toBeUndefined()
    expect(state.uptime).toBeGreaterThanOrEqual(0)
    expect(state.uptime).toBeLessThan(60)
    expect(Math.abs(state.clock - Date.now() / 1000)).toBeLessThan(5)
    expect(state.queue).toEqual({ messages: 0, capped: false })
  })

  test('restart gives another process; stop ends it, and stopping a stopped one is a named no-op', async () => {
    const { node, listen } = story
    const before = subject.pids(node.directory)
    const again = await node.connection.restart(newOrder())
    expect(subject.pids(node.directory)).toEqual([again.pid])
    expect(before).not.toContain(again.pid)
    expect(await node.connection.stop(newOrder())).toMatchObject({ did: true })
    expect(subject.pids(node.directory)).toEqual([])
    expect(await greets(listen)).toBe(false)
    expect(await node.connection.stop(newOrder())).toMatchObject({ did: false })
    expect(await node.connection.status()).toMatchObject({ running: false, listening: [] })
    expect((await node.connection.restart(newOrder())).pid).toBe(subject.pids(node.directory)[0])
  })

  test('what is wanted is kept on the node, and a start that is told so leaves an MTA alone that an order has stopped', async () => {
    const { node } = story
    const unlessStopped = (): StartOrder => ({ ...newOrder(), unlessStopped: true })
    const wanted = async (): Promise<unknown> => [node.read('akctl/wanted'), (await node.connection.status()).wanted]
    expect(await wanted()).toEqual(['running\n', 'running'])
    await node.connection.stop(newOrder())
    expect(await wanted()).toEqual(['stopped\n', 'stopped'])
    const order = unlessStopped()
    expect(await node.connection.start(order)).toMatchObject({ did: false, leftStopped: true })
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'ok', verb: 'start' })
    expect([subject.pids(node.directory), await wanted()]).toEqual([[], ['stopped\n', 'stopped']])
    expect((await node.connection.start(newOrder())).leftStopped).toBeUndefined()
    const [pid = NaN] = subject.pids(node.directory)
    expect(await wanted()).toEqual(['running\n', 'running'])
    process.kill(pid, 'SIGKILL')
    await until('it is dead', 20, () => subject.pids(node.directory).length === 0 || undefined)
    expect(await node.connection.status()).toMatchObject({ running: false, wanted: 'running' })
    const again = await node.connection.start(unlessStopped())
    expect([again.did, again.pid]).toEqual([true, subject.pids(node.directory)[0]])
    expect(again.pid).not.toBe(pid)
    expect(await node.connection.start(unlessStopped())).toMatchObject({ did: false, pid: again.pid })
  })
}

function syncing(story: Story, subject: DriverSubject): void {
  test('sync writes what was set, and the running MTA takes it in', async () => {
    const { node } = story
    const order = { ...newSync({ settings: subject.first, expect: 'none' }), reason: 'ü'.repeat(REASON_MAX) }
    expect(await node.connection.sync(order)).toMatchObject({ wrote: true, revision: 1, running: true })
    expect(record(node)).toMatchObject({ revision: 1, id: order.id, settings: subject.first, by: order.by })
    expect(await subject.holds(node, subject.first)).toBe(true)
    const state = await node.connection.status()
    expect(state.record).toMatchObject({ settings: subject.first, reason: order.reason })
    expect(syncedOf(state, subject.first)).toBe('yes')
    expect(syncedOf(state, subject.second)).toBe('no')
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'changed', verb: 'sync', revision: 1 })
  })

  test('a second sync is a named no-op and leaves the process alone', async () => {
    const { node } = story
    const pids = subject.pids(node.directory)
    const order = newSync({ settings: subject.first, expect: 1 })
    expect(await node.connection.sync(order)).toMatchObject({ wrote: false, took: 'none', revision: 1 })
    expect(node.currentRevision()).toBe(1)
    expect(subject.pids(node.directory)).toEqual(pids)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'ok' })
  })

  test('without restart the process keeps the old one, SYNCED is reload; the next sync brings it in', async () => {
    const { node } = story
    const pids = subject.pids(node.directory)
    const left = await node.connection.sync(newSync({ settings: subject.second, expect: 1, restart: false }))
    expect(left).toMatchObject({ wrote: true, took: 'left', revision: 2 })
    expect(subject.pids(node.directory)).toEqual(pids)
    expect(await subject.holds(node, subject.first)).toBe(true)
    expect(syncedOf(await node.connection.status(), subject.second)).toBe('reload')
    expect(await node.connection.sync(newSync({ settings: subject.second, expect: 2 }))).toMatchObject({
      wrote: false,
      took: subject.took,
    })
    expect(await subject.holds(node, subject.second)).toBe(true)
    expect(subject.pids(node.directory).join() === pids.join()).toBe(subject.took === 'reload')
    expect(syncedOf(await node.connection.status(), subject.second)).toBe('yes')
  })
}

function drifting(story: Story, subject: DriverSubject): void {
  test('a file edited by hand is found, named, saved and replaced', async () => {
    const { node } = story
    appendFileSync(revision(node, `conf/${subject.file}`), subject.comment)
    const state = await node.connection.status()
    expect(state.edited).toEqual([subject.file])
    expect(syncedOf(state, subject.second)).toBe('edited')
    const diffs = await node.connection.diff(subject.second)
    expect(diffs).toEqual([expect.objectContaining({ file: subject.file, cause: 'edited' })])
    expect(diffs[0]?.diff).toContain(`-${subject.comment.trim()}`)
    const result = await node.connection.sync(newSync({ settings: subject.second, expect: 2 }))
    expect(result).toMatchObject({ wrote: true, replaced: [subject.file] })
    expect(readFileSync(join(result.saved ?? '', subject.file), 'utf8')).toContain(subject.comment)
    expect(readFileSync(revision(node, `conf/${subject.file}`), 'utf8')).not.toMatch(new RegExp(`(${subject.comment}){2}`))
    expect(syncedOf(await node.connection.status(), subject.second)).toBe('yes')
  })

  test('an edited base shows as base, and sync takes it in', async () => {
    const { node } = story
    const line = subject.comment.replace(/\n$/, ' edited base\n')
    appendFileSync(join(node.directory, 'base', subject.file), line)
    expect((await node.connection.status()).edited).toEqual(['base'])
    const diffs = await node.connection.diff(subject.second)
    expect(diffs).toEqual([expect.objectContaining({ file: subject.file, cause: 'base' })])
    expect(diffs[0]?.diff).toContain(`+${line.trim()}`)
    expect(await node.connection.sync(newSync({ settings: subject.second }))).toMatchObject({ wrote: true, replaced: ['base'] })
    expect(readFileSync(revision(node, `conf/${subject.file}`), 'utf8')).toContain(line)
    expect(await subject.holds(node, subject.second)).toBe(true)
    expect(await node.connection.diff(subject.second)).toEqual([])
    const pending = await node.connection.diff(subject.first)
    expect(pending.map((diff) => diff.cause)).toContain('pending')
  })
}

function conflicts(story: Story, subject: DriverSubject): void {
  test('a node that is elsewhere is a conflict and is left alone; taking over overwrites it', async () => {
    const { node } = story
    const at = node.currentRevision()
    for (const expected of [at - 1, 'none'] as const) {
      await expect(node.connection.sync(newSync({ settings: subject.first, expect: expected }))).rejects.toThrow(ConflictError)
    }
    expect(node.currentRevision()).toBe(at)
    expect(await subject.holds(node, subject.second)).toBe(true)
    // Nothing known, but the same settings: nobody's change would be lost.
    expect(await node.connection.sync(newSync({ settings: subject.second, expect: 'none' }))).toMatchObject({ wrote: false })
    expect(await node.connection.sync(newSync({ settings: subject.first, expect: 'any' }))).toMatchObject({ wrote: true })
    expect(await subject.holds(node, subject.first)).toBe(true)
  })

  test('a rollback of a node that is elsewhere is a conflict too, and leaves it alone', async () => {
    const { node } = story
    const [at, before] = [node.currentRevision(), record(node)]
    for (const expected of [{ expect: at - 1 }, { expect: 'none' as const }]) {
      const order = { ...newOrder(), ...expected }
      await expect(node.connection.rollback(order)).rejects.toThrow(ConflictError)
      expect(await node.connection.order(order.id)).toMatchObject({ state: 'none' })
    }
    expect([node.currentRevision(), record(node)]).toEqual([at, before])
    expect(await subject.holds(node, subject.first)).toBe(true)
  })

  test('a revision of the right number and another id is elsewhere: the node was set up anew; the answer tells the id', async () => {
    const { node } = story
    const { revision: at, id } = record(node)
    const other = { expect: at, expectId: newOrder().id }
    await expect(node.connection.sync(newSync({ settings: subject.second, ...other }))).rejects.toThrow(/another revision/)
    await expect(node.connection.rollback({ ...newOrder(), ...other })).rejects.toThrow(ConflictError)
    expect([node.currentRevision(), record(node).id]).toEqual([at, id])
    const same = newSync({ settings: subject.first, expect: at, expectId: id })
    expect(await node.connection.sync(same)).toMatchObject({ wrote: false, revision: at, id })
  })

  test('a record of a newer akctl is a conflict, even when taking over', async () => {
    const { node } = story
    const file = revision(node, 'settings')
    const settings = readFileSync(file, 'utf8')
    writeFileSync(file, settings.replace('{', '{"quantum-channel-size":5,'))
    await expect(node.connection.sync(newSync({ settings: subject.second }))).rejects.toThrow(
      /quantum-channel-size.*upgrade akctl/,
    )
    writeFileSync(file, settings)
    const newer = revision(node, 'send-module.json')
    const told = readFileSync(newer, 'utf8')
    writeFileSync(newer, told.replace('"schema":1', '"schema":2'))
    await expect(node.connection.sync(newSync({ settings: subject.second }))).rejects.toThrow(/schema 2.*upgrade akctl/)
    await expect(node.connection.status()).rejects.toThrow(ConflictError)
    writeFileSync(newer, told)
    expect(await subject.holds(node, subject.first)).toBe(true)
  })
}

function goingBack(story: Story, subject: DriverSubject): void {
  test('rollback makes the earlier revision the current one, as a new revision', async () => {
    const { node } = story
    const at = node.currentRevision()
    const order = { ...newOrder(), expect: at, expectId: record(node).id }
    const told = { wrote: true, revision: at + 1, id: order.id, to: at - 1, running: true }
    expect(await node.connection.rollback(order)).toMatchObject(told)
    expect(await subject.holds(node, subject.second)).toBe(true)
    expect(record(node)).toMatchObject({ revision: at + 1, id: order.id, settings: subject.second, reason: order.reason })
    expect(syncedOf(await node.connection.status(), subject.second)).toBe('yes')
    expect(await node.connection.rollback(newOrder(), 1)).toMatchObject({ to: 1 })
    expect(await subject.holds(node, subject.first)).toBe(true)
    await expect(node.connection.rollback(newOrder(), 999)).rejects.toThrow(/can't go back to revision 999/)
  })

  test('an MTA that does not come up healthy goes back to the revision before, and the outcome says so', async () => {
    const { node, listen } = story
    await node.connection.sync(newSync({ settings: subject.second }))
    const at = node.currentRevision()
    const [file, line] = subject.spoil(node)
    const base = node.read(`base/${file}`)
    appendFileSync(join(node.directory, 'base', file), line)
    const order = newSync({ settings: subject.first, expect: at })
    const error = await node.connection.sync(order).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(FailedError)
    expect(String(error)).toMatch(new RegExp(`back at revision ${at}, and the MTA runs again`))
    expect((error as FailedError).detail.length).toBeGreaterThan(0)
    expect(node.currentRevision()).toBe(at)
    expect(await subject.holds(node, subject.second)).toBe(true)
    expect(subject.pids(node.directory)).toHaveLength(1)
    expect(await greets(listen)).toBe(true)
    expect(await node.connection.order(order.id)).toMatchObject({ state: 'done', outcome: 'failed', revision: at })
    const state = await node.connection.status()
    expect(state).toMatchObject({ running: true, loaded: at, edited: ['base'] })
    writeFileSync(join(node.directory, 'base', file), base)
  })
}

function tells(story: Story, subject: DriverSubject): void {
  test('a status leaves no line in the log of the MTA', async () => {
    // The MTA itself may just have something to say: one status between two equal looks is enough.
    await until('a status that nothing is logged by', 20, async () => {
      const before = story.node.read(subject.log)
      await story.node.connection.status()
      return (before !== '' && story.node.read(subject.log) === before) || undefined
    })
    expect(story.node.read(subject.log)).not.toBe('')
  })

  test('an order that has not arrived is none, and given up it is refused when it comes', async () => {
    const { connection, directory } = story.node
    const late = newOrder()
    expect(await connection.order(late.id)).not.toHaveProperty('never')
    expect(await connection.giveUp(late.id, 1)).toMatchObject({ state: 'none', never: true })
    const pids = subject.pids(directory)
    await expect(connection.restart(late)).rejects.toThrow('came too late')
    expect(subject.pids(directory)).toEqual(pids)
  })

  test('interfaces: the address of the listener is there, and tells it', async () => {
    const { listen, node } = story
    const interfaces = await node.connection.interfaces()
    expect(interfaces.map(({ name, address }) => [name, address])).toContainEqual(['lo', '127.0.0.1'])
    expect(interfaces.find(({ address }) => listen === `${address}:${listen.split(':').at(-1) ?? ''}`)?.listens).toContain(listen)
  })
}
