import { CONDITIONS, conditionOf, type Condition } from '../../src/node/condition.ts'
import type { NodeState } from '../../src/node/state.ts'
import { type Acted, judge, judgeAct, unseen } from '../../src/operations/watch/judge.ts'
import type { WatchEventName } from '../../src/operations/watch/results.ts'
import type { WatchedNode } from '../../src/profile/profile.ts'

const OPTIONS = { interval: 15, maxTries: 3, steady: 60, concurrency: 1, acts: true }
const UP: NodeState = { running: true, uptime: 5, installed: true, listening: ['127.0.0.1:25'], edited: [], clock: 0 }
const DOWN: NodeState = { ...UP, running: false, listening: [] }
const MUTE: NodeState = { ...UP, listening: [], mute: true }

test.each<[string, NodeState, boolean, Condition]>([
  ['runs', UP, false, 'well'],
  ['runs, as wanted', { ...UP, wanted: 'running' }, false, 'well'],
  ['is told to stop and still runs', { ...UP, wanted: 'stopped' }, true, 'stopped'],
  ['is told to stop and does not run', { ...DOWN, wanted: 'stopped' }, true, 'stopped'],
  ['is told to run and does not', { ...DOWN, wanted: 'running' }, false, 'down'],
  ['was seen running, and nobody ever told it anything', DOWN, true, 'down'],
  ['was never seen running, and nobody ever told it anything', DOWN, false, 'idle'],
  ['is not installed', { ...DOWN, installed: false, wanted: 'running' }, true, 'absent'],
  ['listens on nothing, and has just started', { ...MUTE, uptime: 59 }, true, 'well'],
  ['listens on nothing, for a while', { ...MUTE, uptime: 60 }, true, 'mute'],
])('an MTA that %s', (_, state, ran, condition) => {
  expect(conditionOf(state, ran, 60)).toBe(condition)
})

/** Goes through looks (condition, seconds since the last look, uptime); each restart comes to what `acted` says. */
function story(
  looks: readonly (readonly [Condition, number, number?])[],
  acted: Acted = { kind: 'restarted' },
  options = OPTIONS,
): { readonly said: readonly string[]; readonly acts: readonly number[]; readonly kept: WatchedNode } {
  let kept = unseen(1)
  let now = 1_000_000
  const said: string[] = []
  const acts: number[] = []
  const tell = (events: readonly WatchEventName[]): void => void said.push(...events)
  for (const [condition, later, uptime = 0] of looks) {
    now += later * 1000
    const before = kept
    const found = judge(before, { condition, uptime }, options, now)
    kept = found.kept
    tell(found.events)
    if (!found.act) continue
    acts.push(now / 1000 - 1000)
    const after = judgeAct(before, found.kept, acted, options.maxTries)
    kept = after.kept
    tell(after.events)
  }
  return { said, acts, kept }
}

test('what runs, was stopped by an order, never ran or is not installed is nothing to speak of', () => {
  for (const condition of ['well', 'stopped', 'idle', 'absent'] as const) {
    expect(
      story([
        [condition, 0, 100],
        [condition, 15, 115],
      ]),
    ).toMatchObject({ said: [], acts: [] })
  }
})

test('down is restarted at once, and is well again once it has run for a while', () => {
  const { said, kept } = story([
    ['well', 0, 900],
    ['down', 15],
    ['well', 15, 14],
    ['well', 45, 59],
    ['well', 15, 74],
    ['well', 15, 89],
  ])
  expect(said).toEqual(['down', 'restarted', 'well'])
  expect(kept).toMatchObject({ tries: 0, next: 0, gaveUp: false })
})

test('one that dies soon after every start is given pauses, twice as long each time, and given up', () => {
  const looks = Array.from({ length: 40 }, (_, at) => [at % 2 === 0 ? 'down' : 'well', 5, 3] as const)
  const { said, acts, kept } = story(looks)
  expect(acts).toEqual([5, 35, 95]) // 30 s after the first, 60 s after the second
  expect(said.filter((event) => event === 'gave-up')).toHaveLength(1)
  expect(kept).toMatchObject({ tries: 3, gaveUp: true })
})

test('the pauses have a bound, unless the looks themselves are further apart', () => {
  const many = { ...OPTIONS, maxTries: 1000 }
  const failed: Acted = { kind: 'error', outcome: 'failed' }
  const { acts } = story(
    Array.from({ length: 2000 }, () => ['down', 15] as const),
    failed,
    many,
  )
  const pauses = acts.slice(1).map((at, index) => at - (acts[index] ?? 0))
  expect([pauses[0], Math.max(...pauses)]).toEqual([30, 900])
  const rare = story(
    [
      ['down', 0],
      ['down', 3600],
      ['down', 3600],
    ],
    failed,
    { ...many, interval: 3600 },
  )
  expect(rare.acts).toEqual([0, 3600, 7200])
})

test('given up, it is left alone until it was seen well for a while, or an order has stopped it', () => {
  const failed: Acted = { kind: 'error', outcome: 'failed' }
  const given = [
    ['down', 0],
    ['down', 900],
    ['down', 900],
    ['down', 900],
    ['down', 9000],
  ] as const
  expect(story(given, failed)).toMatchObject({
    said: ['down', 'restart-failed', 'restart-failed', 'restart-failed', 'gave-up'],
    acts: [0, 900, 1800],
  })
  const well = story([...given, ['well', 15, 10], ['down', 15], ['well', 15, 60], ['down', 15]], failed)
  expect(well.acts).toEqual([0, 900, 1800, 11760])
  const stopped = story([...given, ['stopped', 15], ['down', 15]], failed)
  expect([stopped.said.includes('stopped'), stopped.acts.length]).toEqual([true, 4])
})

test('a node that can not be asked is never acted on, and what was tried before still counts', () => {
  const { said, acts, kept } = story([
    ['down', 0],
    ['unreachable', 900],
    ['unreachable', 900],
    ['well', 900, 5],
    ['unreachable', 15],
  ])
  expect([said, acts]).toEqual([['down', 'restarted', 'unreachable', 'unreachable'], [0]])
  expect(kept.tries).toBe(1)
  expect(
    story([
      ['well', 0, 100],
      ['unreachable', 15],
      ['well', 15, 5],
    ]).said,
  ).toEqual(['unreachable', 'well'])
})

test.each<[string, Acted, readonly string[], number]>([
  ['an order has stopped it meanwhile', { kind: 'stopped' }, ['down', 'stopped'], 0],
  ['somebody else was faster', { kind: 'well' }, ['down', 'well'], 0],
  ['another change is at work', { kind: 'error', outcome: 'conflict' }, ['down'], 0],
  ['the order could not be sent', { kind: 'error', outcome: 'unreachable' }, ['down'], 0],
  ['the end was not seen', { kind: 'error', outcome: 'unknown' }, ['down', 'restart-failed'], 1],
])('a restart where %s', (_, acted, said, tries) => {
  const after = story([['down', 0]], acted)
  expect([after.said, after.kept.tries]).toEqual([said, tries])
})

test('where it must not act it says so once, and never acts', () => {
  const { said, acts } = story(
    Array.from({ length: 9 }, () => ['mute', 900] as const),
    undefined,
    { ...OPTIONS, acts: false },
  )
  expect([said, acts]).toEqual([['mute'], []])
})

test('whatever is seen: never more tries than allowed between two recoveries, and never two closer than the pause', () => {
  let seed = 20_261_124
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  const results: readonly Acted[] = [
    { kind: 'restarted' },
    { kind: 'error', outcome: 'failed' },
    { kind: 'error', outcome: 'unknown' },
  ]
  const wrong: string[] = []
  for (let round = 0; round < 500; round++) {
    let [kept, now, since, last, run] = [unseen(1), 1_000_000, 0, -Infinity, 0]
    for (let step = 0; step < 60; step++) {
      now += random(200_000)
      const [condition, uptime] = [CONDITIONS[random(3)] ?? 'well', random(80)]
      if (random(20) === 0) run = random(CONDITIONS.length)
      const look = { condition: random(10) === 0 ? (CONDITIONS[run] ?? 'well') : condition, uptime }
      const found = judge(kept, look, OPTIONS, now)
      const before = kept
      kept = found.kept
      if (found.act) {
        if (since > 0 && now - last < 30_000) wrong.push(`${round}.${step}: too soon`)
        kept = judgeAct(before, kept, results[random(3)] ?? { kind: 'restarted' }, OPTIONS.maxTries).kept
        since++
        last = now
      }
      if ((look.condition === 'well' && uptime >= 60) || ['stopped', 'idle', 'absent'].includes(look.condition)) since = 0
      if (since > OPTIONS.maxTries) wrong.push(`${round}.${step}: too often`)
    }
  }
  expect(wrong).toEqual([])
})
