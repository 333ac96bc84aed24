import type { LogLevel } from '../../src/mta/logs.ts'
import { type LogLine, NodeTimeline } from '../../src/operations/logs/log-merge.ts'
import { HELD, HeldLines } from '../../src/operations/logs/held-lines.ts'
import { type LineSink, UNDER_WAY } from '../../src/operations/logs/line-flow.ts'
import { followLogs, readLogs, type LogRequest } from '../../src/operations/logs/logs.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { until } from '../support/until.ts'

const memoryWorld = memoryWorlds()
const NOON = Date.parse('2026-11-24T12:00:00.000Z')
const ALL = { all: true }

function request(change: Partial<LogRequest> = {}): LogRequest {
  return { source: 'mta', lines: undefined, since: undefined, level: undefined, grep: undefined, ...change }
}

/** Lines `text` at seconds after noon. */
function log(...lines: readonly (readonly [number, string, LogLevel?])[]) {
  return lines.map(([second, text, level = 'info']) => ({ at: NOON + second * 1000, level, text }))
}

/** Makes a node one that is reached from elsewhere, so that its clock matters. */
async function remote(world: MemoryWorld): Promise<void> {
  await world.profile.update((data) => ({
    data: { ...data, nodes: data.nodes.map((node) => ({ ...node, access: 'ssh' as const })) },
    result: undefined,
  }))
}

const texts = (lines: readonly LogLine[]): string[] => lines.map(({ node, text }) => `${node}:${text}`)

class MemorySink implements LineSink {
  readonly lines: LogLine[] = []
  readonly reader = new AbortController()
  readonly left = this.reader.signal

  write(lines: readonly LogLine[]): Promise<void> {
    this.lines.push(...lines)
    return Promise.resolve()
  }
}

describe('reading', () => {
  test('merges nodes by time, keeps the last so many of each, and asks for no more than it needs', async () => {
    const world = await memoryWorld(['a', 'b'])
    world.node('a').log = log([1, 'a1'], [3, 'a3'], [5, 'a5'])
    world.node('b').log = log([2, 'b2'], [4, 'b4'])
    const { lines, nodes } = await readLogs(world.context, ALL, 4, request({ lines: 2 }))
    expect(texts(lines)).toEqual(['b:b2', 'a:a3', 'b:b4', 'a:a5'])
    expect(nodes).toEqual([
      { node: 'a', outcome: 'ok' },
      { node: 'b', outcome: 'ok' },
    ])
    expect(world.node('a').queries).toEqual([{ source: 'mta', lines: 2, follow: false }])
  })

  test('with a filter looks deeper, and gives the last so many that match', async () => {
    const world = await memoryWorld(['a'])
    world.node('a').log = log([1, 'x1'], [2, 'x2', 'error'], [3, 'x3'], [4, 'y4', 'fatal'], [5, 'y5'])
    const ask = async (change: Partial<LogRequest>) => texts((await readLogs(world.context, ALL, 4, request(change))).lines)
    expect(await ask({ lines: 1, grep: /^x/ })).toEqual(['a:x3'])
    expect(await ask({ lines: 2, level: 'error' })).toEqual(['a:x2', 'a:y4'])
    expect(await ask({ level: 'fatal' })).toEqual(['a:y4'])
    expect(await ask({ lines: 0 })).toEqual([])
    expect(world.node('a').queries[0]?.lines).toBe(100_000)
  })

  test('asks a node for a time by its own clock, and corrects what it answers', async () => {
    const world = await memoryWorld(['a'])
    await remote(world)
    world.clock.now = NOON
    world.node('a').clock = () => NOON / 1000 + 3600
    world.node('a').log = log([3600, 'now there'])
    const { lines } = await readLogs(world.context, ALL, 4, request({ since: NOON - 60_000 }))
    const asked = world.node('a').queries[0]?.since ?? 0
    expect(Math.abs(asked - (NOON / 1000 + 3540))).toBeLessThanOrEqual(1)
    expect(Math.abs(Date.parse(lines[0]?.at ?? '') - NOON)).toBeLessThanOrEqual(1000)
    expect(world.notes).toEqual([expect.stringMatching(/^a: its clock is 360[01] s ahead; the times shown are corrected$/)])
  })

  test("one node and no time: its clock is nobody's business", async () => {
    const world = await memoryWorld(['a'])
    await remote(world)
    await readLogs(world.context, ALL, 4, request())
    expect(world.node('a').calls).toEqual(['close'])
  })

  test('the log of an agent that is not there is a failure of its node', async () => {
    const world = await memoryWorld(['a'])
    const { nodes } = await readLogs(world.context, ALL, 4, request({ source: 'agent' }))
    expect(nodes).toMatchObject([
      { outcome: 'failed', error: { message: 'access is local: there is no agent, and so no log of one' } },
    ])
  })
})

describe('following', () => {
  test('gives lines in time order, reports a node that ends, and goes on with the others until Ctrl-C', async () => {
    const world = await memoryWorld(['a', 'b'])
    const sink = new MemorySink()
    let told: boolean | undefined
    const context = { ...world.context, clock: () => new Date() }
    world.node('a').log = log([1, 'a1'], [3, 'a3'])
    world.node('b').log = log([2, 'b2'])
    const forever = new Promise<void>((resolve) => world.abort.signal.addEventListener('abort', () => resolve()))
    world.node('a').logEnds = forever
    const done = followLogs(context, ALL, request(), (several) => {
      told = several
      return Promise.resolve(sink)
    })
    await until('the lines came', 10, () => sink.lines.length === 3 || undefined)
    await until('the loss was reported', 10, () => world.notes.length === 1 || undefined)
    expect(world.notes[0]).toMatch(/^warning: b: the log ended by itself.*; the others go on$/)
    world.abort.abort()
    const outcomes = await done
    expect(texts(sink.lines)).toEqual(['a:a1', 'b:b2', 'a:a3'])
    expect([told, outcomes.map(({ outcome }) => outcome)]).toEqual([true, ['cancelled', 'unreachable']])
  })

  test('with a filter gives the last so many that match, then what comes, and nothing twice', async () => {
    const world = await memoryWorld(['a'])
    const sink = new MemorySink()
    const mx = world.node('a')
    mx.log = log([1, 'x1'], [2, 'x2'], [3, 'x3'], [4, 'y4'], [4, 'y4'], [5, 'y5'])
    mx.betweenLogs = () => mx.log.push(...log([6, 'x6'], [6, 'y6'], [6, 'x6']))
    await followLogs({ ...world.context, clock: () => new Date() }, ALL, request({ lines: 2, grep: /^x/ }), () =>
      Promise.resolve(sink),
    )
    expect(texts(sink.lines)).toEqual(['a:x2', 'a:x3', 'a:x6', 'a:x6'])
    expect(mx.queries.map(({ lines, follow }) => [lines, follow])).toEqual([
      [100_000, false],
      [1000, true],
    ])
  })

  test('ends when nobody reads any more, though the log is quiet', async () => {
    const world = await memoryWorld(['a'])
    const sink = new MemorySink()
    world.node('a').log = log([1, 'a1'])
    world.node('a').logEnds = new Promise(() => undefined)
    const done = followLogs(world.context, ALL, request(), () => Promise.resolve(sink))
    await until('the line came', 10, () => sink.lines.length === 1 || undefined)
    sink.reader.abort()
    expect(await done).toEqual([{ node: 'a', outcome: 'ok' }])
  })

  /** A log without an end, of lines that are long; counts what is read of it. */
  function endless(world: MemoryWorld, name: string) {
    const read = { characters: 0 }
    const text = 'x'.repeat(60_000)
    world.node(name).logs = async function* () {
      while (!world.abort.signal.aborted) {
        read.characters += text.length
        yield await Promise.resolve({ at: NOON, level: 'info' as const, text })
      }
    }
    return read
  }

  test('goes at the pace of its reader; after Ctrl-C one that takes nothing is not waited for', async () => {
    const world = await memoryWorld(['a', 'b'])
    const read = [endless(world, 'a'), endless(world, 'b')]
    const sum = (): number => read.reduce((all, { characters }) => all + characters, 0)
    const stuck = { left: new AbortController().signal, write: () => new Promise<void>(() => undefined) }
    const context = { ...world.context, clock: () => new Date() }
    const done = followLogs(context, ALL, request(), () => Promise.resolve(stuck))
    let before = -1
    await until('nothing more is read', 10, () => {
      const still = sum() > UNDER_WAY && sum() === before
      before = sum()
      return still || undefined
    })
    expect(sum()).toBeLessThan(UNDER_WAY + 200_000)
    world.abort.abort()
    expect((await done).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled'])
  })

  test('ends with the error of a reader that can take nothing', async () => {
    const world = await memoryWorld(['a'])
    endless(world, 'a')
    const full = { left: new AbortController().signal, write: () => Promise.reject(new Error('the disk is full')) }
    const context = { ...world.context, clock: () => new Date() }
    await expect(followLogs(context, ALL, request(), () => Promise.resolve(full))).rejects.toThrow('the disk is full')
  })
})

test('lines of many nodes are held in bounded memory: the node that has the most loses its oldest', () => {
  const held = new HeldLines(100_000)
  const [add, other] = [held.node('chatty'), held.node('quiet')]
  const line = (node: string, text: string) => new NodeTimeline(node, 0).place({ at: NOON, level: 'info', text })
  other(line('quiet', 'first'))
  const long = 'x'.repeat(HELD / 100)
  for (let n = 1; n <= 250; n++) add(line('chatty', `${n} ${long}`))
  const [chatty = [], quiet = []] = held.all().map((lines) => lines.map(({ line: { text } }) => text))
  expect([held.cut, quiet, chatty.at(-1)?.slice(0, 4)]).toEqual([['chatty'], ['first'], '250 '])
  expect(chatty.length).toBeGreaterThan(45)
  expect(chatty.length).toBeLessThan(100)
})
