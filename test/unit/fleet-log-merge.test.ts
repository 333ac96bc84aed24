import { clockOffset } from '../../src/operations/logs/clock.ts'
import { LagWindow, mergeLines, NodeTimeline, type LogLine } from '../../src/operations/logs/log-merge.ts'
import { parseSince } from '../../src/operations/logs/since.ts'
import { parsePattern } from '../../src/operations/logs/logs.ts'
import { UsageError } from '../../src/outcome/errors.ts'

const NOON = Date.parse('2026-11-24T12:00:00.000Z')
const texts = (lines: readonly LogLine[]): string[] => lines.map(({ node, text }) => `${node}:${text}`)

/** A node's lines by seconds after noon on its own clock; undefined for a line without a time. */
function placed(node: string, ahead: number, seconds: readonly (number | undefined)[]) {
  const timeline = new NodeTimeline(node, ahead)
  return seconds.map((second, index) =>
    timeline.place({ level: 'info', text: `${index}`, ...(second === undefined ? {} : { at: NOON + second * 1000 }) }),
  )
}

describe('merging', () => {
  test('several nodes come out in time order', () => {
    const lines = mergeLines([placed('a', 0, [0, 10, 20]), placed('b', 0, [5, 15, 25])])
    expect(texts(lines)).toEqual(['a:0', 'b:0', 'a:1', 'b:1', 'a:2', 'b:2'])
  })

  test('a clock that is ahead or behind is taken into account, and the times shown are corrected', () => {
    const lines = mergeLines([placed('a', 0, [0, 10]), placed('b', 3_600_000, [3605, 3615]), placed('c', -60_000, [-53])])
    expect(texts(lines)).toEqual(['a:0', 'b:0', 'c:0', 'a:1', 'b:1'])
    expect(lines.map(({ at }) => at?.slice(14, 19))).toEqual(['00:00', '00:05', '00:07', '00:10', '00:15'])
  })

  test("a line without a time, or with an earlier one, keeps its place in its node's own order", () => {
    const lines = mergeLines([placed('a', 0, [10, undefined, 3, 12]), placed('b', 0, [5, 11])])
    expect(texts(lines)).toEqual(['b:0', 'a:0', 'a:1', 'a:2', 'b:1', 'a:3'])
    expect(lines[2]).toEqual({ node: 'a', level: 'info', text: '1' })
  })

  test('lines before any time come first', () => {
    expect(texts(mergeLines([placed('a', 0, [0]), placed('b', 0, [undefined, 5])]))).toEqual(['b:0', 'a:0', 'b:1'])
  })
})

describe('the lag window of followed logs', () => {
  test('holds a line until its time has come, and lets an earlier one of a slower node pass before it', () => {
    const window = new LagWindow(500)
    const [late] = placed('a', 0, [10])
    const [early] = placed('b', 0, [9])
    window.add(late!, 1000)
    expect(window.take(1400)).toEqual([])
    window.add(early!, 1450)
    expect(texts(window.take(1500))).toEqual(['b:0', 'a:0'])
    expect(window.take(9999)).toEqual([])
  })

  test('gives out what is left at the end', () => {
    const window = new LagWindow(500)
    for (const line of placed('a', 0, [3, 1])) window.add(line, 1000)
    expect(texts(window.rest())).toEqual(['a:0', 'a:1'])
  })

  test('loses and doubles nothing, and keeps every node in its own order, whatever arrives when', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const window = new LagWindow((seed * 7) % 50)
      const nodes = ['a', 'b', 'c'].map((name, index) =>
        placed(
          name,
          0,
          Array.from({ length: 20 }, (_, line) => line * (index + 1)),
        ),
      )
      const out: LogLine[] = []
      for (let now = 0, next = [0, 0, 0]; next.some((count) => count < 20); now += 5) {
        const which = (now * seed) % 3
        const line = nodes[which]?.[next[which] ?? 0]
        if (line !== undefined) window.add(line, now)
        next = next.map((count, index) =>
          index === which || count >= 20 ? Math.min(count + 1, 20) : count + (now > 2000 ? 1 : 0),
        )
        out.push(...window.take(now))
      }
      out.push(...window.rest())
      const seen = texts(out)
      expect([seed, new Set(seen).size]).toEqual([seed, seen.length])
      for (const name of ['a', 'b', 'c']) {
        const own = out.filter(({ node }) => node === name).map(({ text }) => Number(text))
        expect([seed, own]).toEqual([seed, own.toSorted((x, y) => x - y)])
      }
    }
  })
})

describe('comparing clocks', () => {
  /** A node whose clock is ahead by so many ms, asked over a connection that takes so long each way. */
  async function offset(
    ahead: number,
    delays: readonly (readonly [number, number])[],
  ): Promise<{ ahead: number; accuracy: number }> {
    let now = NOON
    let question = 0
    const ask = (): Promise<number> => {
      const [there, back] = delays[Math.min(question++, delays.length - 1)]!
      const seconds = Math.floor((now + there + ahead) / 1000)
      now += there + back
      return Promise.resolve(seconds)
    }
    return clockOffset(ask, () => now)
  }

  test('a difference is within the accuracy it claims, whatever the delays', async () => {
    for (const ahead of [-86_400_000, -3_600_123, -5000, 5000, 61_000, 3_600_999]) {
      for (const delays of [
        [[0, 0]],
        [
          [1, 2],
          [1, 2],
        ],
        [
          [1500, 10],
          [20, 20],
        ],
        [
          [10, 1500],
          [400, 300],
        ],
      ] as const) {
        const found = await offset(ahead, delays)
        expect(Math.abs(found.ahead - ahead)).toBeLessThanOrEqual(found.accuracy)
        expect(found.accuracy).toBeLessThanOrEqual(900)
      }
    }
  })

  test.each([0, 300, -300, 900, -900])('%d ms is no difference that whole seconds and a round trip could tell', async (ahead) => {
    expect((await offset(ahead, [[500, 500]])).ahead).toBe(0)
  })
})

describe('--since', () => {
  const now = new Date(2026, 10, 24, 12, 0, 0)
  const at = (text: string): Date => new Date(parseSince(text, now))
  test.each<[string, Date]>([
    ['15m', new Date(2026, 10, 24, 11, 45, 0)],
    ['30s', new Date(2026, 10, 24, 11, 59, 30)],
    ['2h', new Date(2026, 10, 24, 10, 0, 0)],
    ['1d', new Date(2026, 10, 23, 12, 0, 0)],
    ['04:30', new Date(2026, 10, 24, 4, 30, 0)],
    ['4:30:15', new Date(2026, 10, 24, 4, 30, 15)],
    ['12:00', new Date(2026, 10, 24, 12, 0, 0)],
    ['12:01', new Date(2026, 10, 23, 12, 1, 0)],
    ['2026-11-24', new Date(2026, 10, 24, 0, 0, 0)],
    ['2026-11-24T04:30:00', new Date(2026, 10, 24, 4, 30, 0)],
    ['2026-11-24 04:30', new Date(2026, 10, 24, 4, 30, 0)],
    ['2026-11-24T04:30:00Z', new Date('2026-11-24T04:30:00Z')],
    ['2026-11-24T04:30:00+02:00', new Date('2026-11-24T02:30:00Z')],
  ])('%s is %s', (text, wanted) => {
    expect(at(text)).toEqual(wanted)
  })

  test.each(['', '15', '15 m', 'yesterday', '25:00', '12:60', '2026-13-01', '1w', '-5m', '2026-11-24T99:00:00Z'])(
    '%j is refused, naming the forms',
    (text) => {
      expect(() => at(text)).toThrow(UsageError)
    },
  )
})

test('a pattern that is none is a usage error', () => {
  expect(parsePattern('status=(deferred|bounced)').test('x status=bounced')).toBe(true)
  expect(() => parsePattern('status=(')).toThrow(expect.objectContaining({ exit: 2 }) as Error)
})
