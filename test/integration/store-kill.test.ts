import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openHome } from '../../src/profile/home.ts'
import type { JournalEntry, Profile } from '../../src/profile/profile.ts'
import { OneAccess } from '../support/secret-access.ts'
import { bundleDriver } from '../support/store.ts'
import { type Step, type TracedRun, Tracer } from '../support/store-tracer.ts'
import { tempDir } from '../support/temp.ts'

const directory = tempDir()

/** What is there before a work, what after it, and what the next command does and finds. */
interface Work {
  /** Its steps that count when the power goes: the bytes are on the disk before the name, the name before the answer. */
  readonly durable: string
  readonly argv: readonly [work: string, argument: string]
  readonly see: (profile: Profile) => Promise<unknown>
  readonly before: unknown
  readonly after: unknown
  /** Another change of the same kind. */
  readonly next: (profile: Profile) => Promise<unknown>
  readonly afterNext: (seen: unknown) => unknown
}

/** What the driver's is, too. */
const KEY_FILE = new OneAccess({ kind: 'key-file', key: Buffer.alloc(32, 9) })

const ENTRY: JournalEntry = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', outcome: 'ok' }

async function notes({ orders }: Profile): Promise<readonly string[]> {
  return [...(await orders.all())].map(([node, { id }]) => `${node} ${id}`)
}

const WORKS: readonly Work[] = [
  {
    durable: 'fsync rename fsync rename fsync',
    argv: ['node', 'mx1'],
    see: async (profile) => (await profile.read()).nodes.map(({ name }) => name),
    before: ['warm-up'],
    after: ['warm-up', 'mx1'],
    next: (profile) => profile.update((data) => ({ data: { ...data, nodes: [] }, result: undefined })),
    afterNext: () => [],
  },
  {
    durable: 'fsync fsync rename fsync rename fsync',
    argv: ['key', 'k'],
    see: async (profile) => (await profile.keys.list()).map((key) => `${key.name} ${'comment' in key ? key.comment : 'damaged'}`),
    before: [],
    after: ['k driver'],
    next: (profile) => profile.keys.create('next', { comment: 'x' }),
    afterNext: (seen) => [...(seen as string[]), 'next x'],
  },
  {
    durable: 'fsync fsync',
    argv: ['journal', 'mx1'],
    see: async (profile) => (await profile.journal.list({ limit: 9 })).map(({ node }) => node),
    before: [],
    after: ['mx1'],
    next: (profile) => profile.journal.append([{ ...ENTRY, node: 'mx2' }]),
    afterNext: (seen) => [...(seen as string[]), 'mx2'],
  },
  {
    durable: 'fsync',
    argv: ['order', 'o1'],
    see: notes,
    before: ['2 other'],
    after: ['2 other', '1 o1'],
    next: (profile) => profile.orders.put(3, { id: 'o3', verb: 'sync', at: ENTRY.at }),
    afterNext: (seen) => [...(seen as string[]), '3 o3'],
  },
  {
    durable: 'fsync rename fsync',
    argv: ['clear', 'o1'],
    see: notes,
    before: ['2 other', '1 o1'],
    after: ['2 other'],
    next: (profile) => profile.orders.clear(new Map([[2, 'other']])),
    afterNext: (seen) => (seen as string[]).slice(1),
  },
  {
    durable: 'fsync rename fsync rename fsync',
    argv: ['protect', ''],
    see: async ({ name, directory }) => {
      const { secrets } = await openHome({ AKCTL_HOME: join(directory, '../..') }, KEY_FILE).open(name)
      const [now, backup] = ['', '.bak'].map((end) => readFileSync(join(directory, `secrets.json${end}`), 'utf8'))
      const encrypted = !now?.includes('plain')
      return { encrypted, value: (await secrets.get('s'))?.reveal(), left: encrypted && backup?.includes('plain') }
    },
    before: { encrypted: false, value: 'plain secret', left: false },
    after: { encrypted: true, value: 'plain secret', left: false },
    next: async ({ name, directory }) => {
      const { secrets } = await openHome({ AKCTL_HOME: join(directory, '../..') }, KEY_FILE).open(name)
      await secrets.protect(() => KEY_FILE.choose())
    },
    afterNext: () => ({ encrypted: true, value: 'plain secret', left: false }),
  },
]

/** What only a writer at work may leave behind. */
function unfinished(home: string): readonly string[] {
  return readdirSync(join(home, 'profiles/default'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(new|old)$/.test(name),
  )
}

/** Whether a failed writer says that its change is in place even so. */
const isWritten = ({ error }: TracedRun): boolean => error?.message.startsWith('the change is written') === true

const label = ({ thread, call, nth }: Step): string => `${thread} ${call} ${nth}`

/** What a fate at one step left. */
interface Left {
  readonly step: string
  readonly run: TracedRun
  readonly home: string
  readonly seen: unknown
  readonly left: readonly string[]
  readonly next: unknown
  readonly leftAfter: readonly string[]
}

/**
 * Meets one step with one fate, in a home of its own, and looks at what is left before and after the next command.
 * A run that ends before its step is made again, a few times.
 */
async function meet(tracer: Tracer, work: Work, step: Step, fate: string, again = 3): Promise<Left> {
  const home = join(directory, `${work.argv[0]}-${label(step)}-${fate.slice(0, 6)}-${again}`.replaceAll(' ', '-'))
  const run = await tracer.meet(home, work.argv, step, fate)
  if (run.met === false && again > 0) return meet(tracer, work, step, fate, again - 1)
  const profile = await openHome({ AKCTL_HOME: home }).open()
  const seen = await work.see(profile)
  const left = unfinished(home)
  await work.next(profile)
  return { step: label(step), run, home, seen, left, next: await work.see(profile), leftAfter: unfinished(home) }
}

/** Meets every step, two at a time. */
async function meetAll(tracer: Tracer, work: Work, steps: readonly Step[], fate: string): Promise<readonly Left[]> {
  const waiting = [...steps]
  const found: Left[] = []
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) found.push(await meet(tracer, work, step, fate))
  }
  await Promise.all([worker(), worker()])
  return found
}

async function prepared(work: Work): Promise<{ tracer: Tracer; steps: readonly Step[] }> {
  const tracer = new Tracer(await bundleDriver(directory), directory)
  return { tracer, steps: await tracer.steps(join(directory, `steps-${work.argv[0]}-${randomUUID()}`), work.argv) }
}

test.each(WORKS)('a writer of $argv waits for the disk before it names a file, and before it answers', async (work) => {
  const tracer = new Tracer(await bundleDriver(directory), directory)
  expect(await tracer.order(join(directory, `order-${work.argv[0]}`), work.argv)).toBe(work.durable)
})

test.each(WORKS)(
  'a writer of $argv is killed at each of its steps: old or new is read, the next one works and cleans up',
  async (work) => {
    const { tracer, steps } = await prepared(work)
    expect(steps.map(({ call }) => call)).toEqual(expect.arrayContaining(['openat', 'write', 'fsync', 'fcntl']))
    const states = new Set<string>()
    const met = (await meetAll(tracer, work, steps, 'signal=SIGKILL')).filter(({ run }) => run.met)
    // The steps were counted in a run that may have waked a thread once more than any later one.
    expect(met.length).toBeGreaterThanOrEqual(steps.length - 1)
    for (const { step, run, seen, next, leftAfter } of met) {
      expect([step, run.end]).toEqual([step, 'SIGKILL'])
      expect([work.before, work.after]).toContainEqual(seen)
      expect([step, next, leftAfter]).toEqual([step, work.afterNext(seen), []])
      states.add(JSON.stringify(seen))
    }
    // Both were seen: the kills came before and after the one step that counts.
    expect(states.size).toBe(2)
  },
)

test.each(WORKS.filter(({ argv }) => argv[0] !== 'key'))(
  'a writer of $argv finds no space at each of its steps: a clear error and the old state, or the new one',
  async (work) => {
    const { tracer, steps } = await prepared(work)
    const runs = await meetAll(tracer, work, steps, 'error=ENOSPC')
    expect(runs.filter(({ run }) => run.end === 1).length).toBeGreaterThan(4)
    for (const { step, run, home, seen, left, next } of runs) {
      expect([step, [0, 1].includes(Number(run.end)), left]).toEqual([step, true, []])
      expect([step, seen]).toEqual([step, run.end === 0 || isWritten(run) ? work.after : work.before])
      expect(run.error?.kind).toBe(run.end === 0 ? undefined : 'store')
      expect(run.error?.message ?? `${home}: no space left`).toMatch(new RegExp(`${home}.*no space left`))
      expect([step, next]).toEqual([step, work.afterNext(seen)])
    }
  },
)

test('a key that was killed at any step is whole for ssh-keygen, or not there', () => {
  const homes = readdirSync(directory).filter((name) => /^key-.*-signal-\d$/.test(name))
  const keys = homes.flatMap((home) => {
    const folder = join(directory, home, 'profiles/default/keys')
    return readdirSync(folder)
      .filter((name) => name === 'k')
      .map((name) => join(folder, name))
  })
  expect(keys.length).toBeGreaterThan(0)
  for (const key of keys) expect(execFileSync('ssh-keygen', ['-y', '-f', key], { encoding: 'utf8' })).toMatch(/^ssh-ed25519 /)
})
