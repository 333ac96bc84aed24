// What a run's orders came to is written many at a time, and nothing is lost when that fails.
import { changeNodes } from '../../src/operations/mta/change.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const NAMES = Array.from({ length: 40 }, (_, index) => `mx${index + 1}`)

function syncAll(
  { context }: MemoryWorld,
  more: { readonly onNode?: (outcome: NodeOutcome<unknown>) => void; readonly after?: (name: string) => Promise<void> } = {},
): Promise<readonly NodeOutcome<unknown>[]> {
  const { onNode, after } = more
  const width = { concurrency: NAMES.length, onNode }
  const run = { width, consent: { above: 100, yes: true }, dryRun: false, reason: undefined, waves: undefined }
  return changeNodes(context, 'sync', { ...run, selection: { all: true } }, async (session) => {
    const result = await syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: 'a test' })
    await after?.(session.node.name)
    return result
  })
}

/** Counts the writes of the profile, which fail while the disk is full. */
function disk({ profile }: MemoryWorld, full = false): { full: boolean; writes: number } {
  const update = profile.update.bind(profile)
  const state = { full, writes: 0 }
  profile.update = (change) => {
    state.writes += 1
    return state.full ? Promise.reject(new Error('no space left on device')) : update(change)
  }
  return state
}

async function known({ profile }: MemoryWorld): Promise<readonly (number | undefined)[]> {
  return (await profile.read()).nodes.map(({ baseRevision }) => baseRevision)
}

async function noted({ profile }: MemoryWorld): Promise<readonly unknown[]> {
  const { nodes } = await profile.read()
  const orders = await Promise.all(nodes.map(({ id }) => profile.orders.get(id)))
  return orders.filter((order) => order !== undefined)
}

test('forty nodes are a few writes, and no order stays noted', async () => {
  const world = await memoryWorld(NAMES)
  const own = disk(world)
  expect((await syncAll(world)).every(({ outcome }) => outcome === 'changed')).toBe(true)
  expect(await known(world)).toEqual(NAMES.map(() => 1))
  expect(await noted(world)).toEqual([])
  expect(own.writes).toBeLessThan(10)
})

test('the journal gets its lines as many at a time, before the notes of their orders are struck out', async () => {
  const world = await memoryWorld(NAMES)
  const { journal } = world.profile
  const append = journal.append.bind(journal)
  const parts: { readonly lines: number; readonly noted: number }[] = []
  journal.append = async (lines) => {
    parts.push({ lines: lines.length, noted: (await noted(world)).length })
    return append(lines)
  }
  await syncAll(world)
  expect(parts.length).toBeLessThan(10)
  expect(parts.every(({ lines, noted: orders }) => orders >= lines)).toBe(true)
  const written = await journal.list({ limit: 100 })
  expect(written.map(({ node }) => node).sort()).toEqual([...NAMES].sort())
  expect(written.every(({ verb, outcome, revision }) => verb === 'mta sync' && outcome === 'changed' && revision === 1)).toBe(
    true,
  )
})

describe('a node whose end comes while those of others are written', () => {
  /** Sees to it that no note is struck out whose order is in no line of the journal. */
  function watched({ profile: { journal, orders } }: MemoryWorld): {
    readonly struckOut: string[]
    readonly unwritten: string[]
  } {
    const seen = { struckOut: [] as string[], unwritten: [] as string[] }
    const clear = orders.clear.bind(orders)
    orders.clear = async (ended) => {
      const written = new Set((await journal.list({ limit: 100 })).map(({ orderId }) => orderId))
      seen.struckOut.push(...ended.values())
      seen.unwritten.push(...[...ended.values()].filter((id) => !written.has(id)))
      return clear(ended)
    }
    return seen
  }

  /** Holds one node up until it is let go, and tells when it has ended. */
  function heldUp(name: string): {
    readonly hold: (node: string) => Promise<void>
    readonly letGo: () => Promise<void>
    readonly onNode: (outcome: NodeOutcome<unknown>) => void
  } {
    let open = (): void => undefined
    let end = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const over = new Promise<void>((resolve) => (end = resolve))
    return {
      hold: (node) => (node === name ? gate : Promise.resolve()),
      letGo: () => {
        open()
        return over
      },
      onNode: ({ node }) => {
        if (node === name) end()
      },
    }
  }

  test('with its order: its note stays for the next write', async () => {
    const world = await memoryWorld(NAMES)
    const { hold, letGo, onNode } = heldUp('mx20')
    const seen = watched(world)
    world.node('mx20').during = () => hold('mx20')
    const { journal } = world.profile
    const append = journal.append.bind(journal)
    journal.append = async (lines) => {
      await letGo()
      return append(lines)
    }
    await syncAll(world, { onNode })
    expect([seen.unwritten, seen.struckOut.length]).toEqual([[], NAMES.length])
    expect(await noted(world)).toEqual([])
  })

  test('after its order: its line is written before its note goes', async () => {
    const world = await memoryWorld(NAMES)
    const { hold, letGo, onNode } = heldUp('mx20')
    const seen = watched(world)
    const { profile } = world
    const update = profile.update.bind(profile)
    profile.update = async (change) => {
      await letGo()
      return update(change)
    }
    await syncAll(world, { onNode, after: hold })
    expect([seen.unwritten, seen.struckOut.length]).toEqual([[], NAMES.length])
    expect(await noted(world)).toEqual([])
  })
})

test('a journal that cannot be written is said once for all, and changes no outcome', async () => {
  const world = await memoryWorld(NAMES)
  world.profile.journal.append = () => Promise.reject(new Error('no space left on device'))
  expect((await syncAll(world)).every(({ outcome }) => outcome === 'changed')).toBe(true)
  const said = world.notes.filter((note) => note.includes('the journal could not be written: no space left on device'))
  expect(said.length).toBeLessThan(10)
  expect(
    said
      .join(' ')
      .match(/\bmx\d+\b/g)
      ?.sort(),
  ).toEqual([...NAMES].sort())
  expect(await known(world)).toEqual(NAMES.map(() => 1))
  expect(await noted(world)).toEqual([])
})

test('a write that fails is said, and changes no outcome; the next command finds out what was done', async () => {
  const world = await memoryWorld(NAMES)
  const own = disk(world, true)
  expect((await syncAll(world)).every(({ outcome }) => outcome === 'changed')).toBe(true)
  expect(world.notes).toContain(
    'warning: what was done could not be written to the profile; the next command finds it out on the nodes: no space left on device',
  )
  expect(await known(world)).toEqual(NAMES.map(() => undefined))
  expect(await noted(world)).toHaveLength(NAMES.length)
  own.full = false
  own.writes = 0
  await syncAll(world)
  expect(await known(world)).toEqual(NAMES.map(() => 2))
  expect(await noted(world)).toEqual([])
  expect(own.writes).toBeLessThan(10)
})
