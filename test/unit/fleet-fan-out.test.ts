import { exitOfReport } from '../../src/cli/report.ts'
import { FailBudget } from '../../src/fleet/fail-budget.ts'
import { fanOut, type Done } from '../../src/fleet/fan-out.ts'
import { ConflictError, UnknownOutcomeError, UnreachableError, UntrustedError, UsageError } from '../../src/outcome/errors.ts'
import type { NodeOutcome, Outcome } from '../../src/outcome/outcome.ts'
import { random } from '../support/random.ts'

interface Named {
  readonly name: string
}

const fleet = (size: number): Named[] => Array.from({ length: size }, (_, index) => ({ name: `mx${index}` }))
const budgetOf = (amount: number | undefined, total: number): FailBudget =>
  new FailBudget(amount === undefined ? undefined : { amount, unit: 'nodes' }, total)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a thrown node error is the outcome; another error is failed; a bug is failed with its kind', async () => {
  const errors: Record<string, unknown> = {
    mx0: new UnreachableError('no route'),
    mx1: new ConflictError('revision 5', { hints: ['take over: akctl mta sync NODE --take-over'], detail: ['by whom'] }),
    mx2: new UsageError('no agent'),
    mx3: new TypeError('x is undefined'),
    mx4: 'a string',
    mx5: new UntrustedError('who is that'),
    mx6: new UnknownOutcomeError('cut'),
  }
  const outcomes = await fanOut(
    fleet(8),
    ({ name }) => {
      if (name in errors) throw errors[name]
      return Promise.resolve({ outcome: 'ok', result: 1 })
    },
    {
      concurrency: 3,
    },
  )
  expect(outcomes.map(({ outcome, error }) => [outcome, error?.kind])).toEqual([
    ['unreachable', 'unreachable'],
    ['conflict', 'conflict'],
    ['failed', 'usage'],
    ['failed', 'bug'],
    ['failed', 'bug'],
    ['untrusted', 'untrusted'],
    ['unknown', 'unknown'],
    ['ok', undefined],
  ])
  expect(outcomes[1]?.error).toMatchObject({
    message: 'revision 5',
    hints: ['take over: akctl mta sync mx1 --take-over'],
    detail: ['by whom'],
  })
  expect(outcomes[7]).toEqual({ node: 'mx7', outcome: 'ok', result: 1 })
})

test('a worker that throws before its first await is no different', async () => {
  const outcomes = await fanOut(
    fleet(2),
    () => {
      throw new UnreachableError('at once')
    },
    { concurrency: 1 },
  )
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unreachable', 'unreachable'])
})

test('no nodes give no outcomes', async () => {
  await expect(fanOut([], () => Promise.reject(new Error('never')), { concurrency: 4 })).resolves.toEqual([])
})

test('after --max-fail failures no new node starts, and the rest is skipped, saying why', async () => {
  const started: string[] = []
  const outcomes = await fanOut(
    fleet(6),
    ({ name }) => {
      started.push(name)
      return Promise.reject(new UnreachableError('gone'))
    },
    { concurrency: 1, budget: budgetOf(2, 6) },
  )
  expect(started).toEqual(['mx0', 'mx1'])
  expect(outcomes.slice(2).map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped', 'skipped'])
  expect(outcomes[2]?.error?.message).toContain('--max-fail 2')
})

test('after an abort no new node starts, the ones at work finish', async () => {
  const abort = new AbortController()
  const outcomes = await fanOut(
    fleet(5),
    async ({ name }): Promise<Done<string>> => {
      if (name === 'mx1') abort.abort()
      await turn()
      return { outcome: 'changed', result: name }
    },
    { concurrency: 2, signal: abort.signal },
  )
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['changed', 'changed', 'cancelled', 'cancelled', 'cancelled'])
})

interface Case {
  readonly size: number
  readonly concurrency: number
  readonly maxFail: number | undefined
  /** The abort comes when this many have ended; none: never. */
  readonly abortAfter: number | undefined
  readonly fails: readonly boolean[]
  readonly turns: readonly number[]
}

function randomCase(seed: number): Case {
  const pick = random(seed)
  const size = pick(25)
  return {
    size,
    concurrency: 1 + pick(8),
    maxFail: pick(2) === 0 ? undefined : 1 + pick(4),
    abortAfter: pick(3) === 0 ? pick(size + 1) : undefined,
    fails: Array.from({ length: size }, () => pick(4) === 0),
    turns: Array.from({ length: size }, () => pick(4)),
  }
}

interface Trace {
  readonly outcomes: readonly NodeOutcome<string>[]
  readonly settled: readonly string[]
  readonly started: readonly { readonly name: string; readonly failuresThen: number; readonly abortedThen: boolean }[]
  readonly mostAtOnce: number
}

async function trace(plan: Case): Promise<Trace> {
  const abort = new AbortController()
  const settled: string[] = []
  const started: { name: string; failuresThen: number; abortedThen: boolean }[] = []
  let atWork = 0
  let mostAtOnce = 0
  let failures = 0
  const worker = async ({ name }: Named): Promise<Done<string>> => {
    const index = Number(name.slice(2))
    started.push({ name, failuresThen: failures, abortedThen: abort.signal.aborted })
    mostAtOnce = Math.max(mostAtOnce, ++atWork)
    for (let left = plan.turns[index] ?? 0; left > 0; left--) await turn()
    atWork--
    if (plan.fails[index] === true) throw new UnreachableError(name)
    return { outcome: 'ok', result: name }
  }
  const onSettled = ({ node, outcome }: NodeOutcome<string>): void => {
    settled.push(node)
    if (outcome === 'unreachable') failures++
    if (settled.length === plan.abortAfter) abort.abort()
  }
  const { concurrency, maxFail } = plan
  const budget = budgetOf(maxFail, plan.size)
  const outcomes = await fanOut(fleet(plan.size), worker, { concurrency, budget, signal: abort.signal, onSettled })
  return { outcomes, settled, started, mostAtOnce }
}

test('for any fleet, width, failures and abort: order, one outcome a node, width, and nothing started too late', async () => {
  for (let seed = 1; seed <= 400; seed++) {
    const plan = randomCase(seed)
    const { outcomes, settled, started, mostAtOnce } = await trace(plan)
    const all = fleet(plan.size).map(({ name }) => name)
    const startedNames = new Set(started.map(({ name }) => name))
    const seen = {
      seed,
      names: outcomes.map(({ node }) => node),
      settled: settled.toSorted(),
      atOnce: mostAtOnce <= plan.concurrency,
    }
    expect(seen).toEqual({ seed, names: all, settled: all.toSorted(), atOnce: true })

    const late = started.filter(({ failuresThen, abortedThen }) => abortedThen || failuresThen >= (plan.maxFail ?? Infinity))
    expect({ seed, late }).toEqual({ seed, late: [] })
    const wanted = outcomes.map(({ node, outcome }, index): Outcome => {
      if (startedNames.has(node)) return plan.fails[index] === true ? 'unreachable' : 'ok'
      return plan.abortAfter === undefined ? 'skipped' : plan.maxFail === undefined ? 'cancelled' : outcome
    })
    expect({ seed, outcomes: outcomes.map(({ outcome }) => outcome) }).toEqual({ seed, outcomes: wanted })
    const endless = plan.maxFail === undefined && plan.abortAfter === undefined
    expect({ seed, all: !endless || startedNames.size === plan.size }).toEqual({ seed, all: true })
  }
})

test('a bug on one node makes the whole run exit 70, whatever else there is', async () => {
  const outcomes = await fanOut(
    fleet(3),
    ({ name }) => {
      if (name === 'mx1') throw new TypeError('x is undefined')
      return Promise.reject(new UnreachableError('gone'))
    },
    { concurrency: 2 },
  )
  expect(exitOfReport({ nodes: outcomes })).toBe(70)
  expect(exitOfReport({ nodes: outcomes.slice(2) })).toBe(4)
})
