import { confirmMany } from '../../src/operations/run/confirm.ts'
import { changeNodes } from '../../src/operations/mta/change.ts'
import { type DiffReport, mtaDiff } from '../../src/operations/mta/diff.ts'
import { restartNode } from '../../src/operations/mta/power.ts'
import { rollbackNode } from '../../src/operations/mta/rollback.ts'
import { CancelledError } from '../../src/outcome/errors.ts'
import type { Session } from '../../src/operations/run/session.ts'
import { mtaStatus, parseExpected } from '../../src/operations/mta/status.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const WIDTH = { concurrency: 4 }
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)

describe('consent', () => {
  test('is needed above the number, not at it', async () => {
    const { context } = await memoryWorld([])
    await expect(confirmMany(context, names(10), 'stop', { above: 10, yes: false })).resolves.toBeUndefined()
    await expect(confirmMany(context, names(11), 'stop', { above: 10, yes: false })).rejects.toMatchObject({
      exit: 2,
      message: 'stop of 11 nodes needs a consent, and there is no terminal to ask on',
      hints: ['give --yes', 'or raise --confirm-above, which is 10'],
    })
    await expect(confirmMany(context, names(11), 'stop', { above: 10, yes: true })).resolves.toBeUndefined()
    await expect(confirmMany(context, names(1), 'stop', { above: 0, yes: false })).rejects.toMatchObject({ exit: 2 })
  })

  test('of a person at a terminal: the set is shown, at most a hundred names of it', async () => {
    const world = await memoryWorld([])
    world.terminal.answer = true
    await confirmMany(world.context, names(120), 'stop', { above: 10, yes: false })
    expect(world.notes[0]).toMatch(/^120 nodes: n0 n1 .* n99 and 20 more$/)
    expect(world.questions).toEqual(['stop 120 nodes?'])
    world.terminal.answer = false
    await expect(confirmMany(world.context, names(11), 'stop', { above: 10, yes: false })).rejects.toMatchObject({ exit: 130 })
  })
})

describe('status --expect', () => {
  test('reads its words', () => {
    expect(parseExpected('running, synced')).toEqual(['running', 'synced'])
    for (const text of ['', 'up', 'running,', 'Running'])
      expect(() => parseExpected(text)).toThrow(expect.objectContaining({ exit: 2 }) as Error)
  })

  test('finds what is not so on nodes that answered; one that did not is no difference', async () => {
    const world = await memoryWorld(['mx1', 'mx2'])
    world.node('mx1').running = true
    world.node('mx2').status = () => Promise.reject(new Error('a bug'))
    const ask = async (...expected: readonly ('running' | 'stopped' | 'synced')[]) => {
      const { nodes, differences } = await mtaStatus(world.context, { all: true }, WIDTH, expected)
      return [nodes[0]?.result?.unmet, nodes[1]?.error?.kind, differences]
    }
    expect(await ask()).toEqual([[], 'bug', false])
    expect(await ask('running')).toEqual([[], 'bug', false])
    expect(await ask('running', 'synced')).toEqual([['synced'], 'bug', true])
    expect(await ask('stopped', 'synced')).toEqual([['stopped', 'synced'], 'bug', true])
  })
})

function change(
  world: MemoryWorld,
  verb: ChangeResult['verb'],
  work: Parameters<typeof changeNodes>[3],
  dryRun = false,
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  const run = { selection: { all: true }, width: WIDTH, consent: { above: 10, yes: false }, dryRun, reason: undefined }
  return changeNodes(world.context, verb, run, work)
}

describe('diff', () => {
  test('tells settings and files; either is a difference, and so is whatever else is not synced', async () => {
    const world = await memoryWorld(['mx1'])
    const diff = (): Promise<DiffReport> => mtaDiff(world.context, { all: true }, WIDTH)
    const state = { keys: [], files: [] }
    expect(await diff()).toMatchObject({ differences: true, nodes: [{ result: { synced: 'never', ...state } }] })
    world.node('mx1').toldBy('bob@else', {})
    expect(await diff()).toMatchObject({ differences: false, nodes: [{ result: { synced: 'yes', ...state } }] })
    Object.assign(world.node('mx1'), { running: true, loaded: 0 })
    expect(await diff()).toMatchObject({ differences: true, nodes: [{ result: { synced: 'reload', ...state } }] })
    Object.assign(world.node('mx1'), { running: false, record: undefined })
    world.node('mx1').files = [{ file: 'main.cf', cause: 'edited', diff: '-a\n+b\n' }]
    expect(await diff()).toMatchObject({
      differences: true,
      nodes: [{ outcome: 'ok', result: { files: [{ cause: 'edited' }] } }],
    })
    world.node('mx1').files = []
    world.node('mx1').toldBy('bob@else', { profiling: true })
    expect(await diff()).toMatchObject({
      differences: true,
      nodes: [{ result: { revision: 1, keys: [{ key: 'profiling', told: true }] } }],
    })
  })

  test('of a node that is not prepared is a failure that names the command', async () => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').installed = false
    const { nodes, differences } = await mtaDiff(world.context, { all: true }, WIDTH)
    expect(nodes).toMatchObject([
      { outcome: 'failed', error: { message: '/opt/mx1 is not prepared: there is no MTA to tell anything' } },
    ])
    expect([differences, nodes[0]?.error?.hints[0]]).toEqual([false, 'akctl nodes install mx1'])
  })
})

describe('dry runs send no order', () => {
  test.each<[string, boolean, ChangeResult['steps']]>([
    ['restart of a running one', true, ['restarted']],
    ['restart of a stopped one', false, ['started']],
  ])('%s', async (_, running, steps) => {
    const world = await memoryWorld(['mx1'])
    world.node('mx1').running = running
    const outcomes = await change(world, 'restart', (session) => restartNode(session, { dryRun: true, reason: '' }), true)
    expect(outcomes).toMatchObject([{ outcome: 'ok', result: { dryRun: true, steps } }])
    expect(world.node('mx1').calls).not.toContain('restart')
    expect(await world.profile.journal.list({ limit: 9 })).toEqual([])
  })

  test('sync: what would be written, and a conflict is found all the same', async () => {
    const world = await memoryWorld(['mx1'])
    const sync = () =>
      change(world, 'sync', (session) => syncNode(session, { takeOver: false, restart: true, dryRun: true, reason: '' }), true)
    expect(await sync()).toMatchObject([{ outcome: 'ok', result: { steps: ['wrote'], synced: 'never' } }])
    world.node('mx1').toldBy('bob@else', { profiling: true })
    expect(await sync()).toMatchObject([{ outcome: 'conflict' }])
    expect(world.node('mx1').calls).not.toContain('sync')
  })
})

describe('rollback', () => {
  const back = (world: MemoryWorld) =>
    change(world, 'rollback', (session) => rollbackNode(session, { to: undefined, takeOver: false, dryRun: false, reason: '' }))

  test('of a node that was never synced is a failure', async () => {
    const world = await memoryWorld(['mx1'])
    expect(await back(world)).toMatchObject([
      { outcome: 'failed', error: { message: 'there is no earlier revision: the node was never synced' } },
    ])
    expect(world.node('mx1').calls).not.toContain('rollback')
  })

  test('says which settings the profile still wants, and its revision is the new base', async () => {
    const world = await memoryWorld(['mx1'])
    await world.profile.update((data) => ({
      data: { ...data, nodes: data.nodes.map((node) => ({ ...node, settings: { profiling: true } })) },
      result: undefined,
    }))
    await change(world, 'sync', (session) => syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: '' }))
    expect(await back(world)).toMatchObject([{ outcome: 'changed', result: { revision: 2, synced: 'no' } }])
    expect(world.notes).toEqual([expect.stringContaining('the profile still wants other settings (profiling)')])
    expect((await world.profile.read()).nodes[0]?.baseRevision).toBe(2)
  })

  test('that is done is reported as done, though the node can not be asked any more', async () => {
    const world = await memoryWorld(['mx1'])
    const mx1 = world.node('mx1')
    const sync = (session: Session) => syncNode(session, { takeOver: true, restart: true, dryRun: false, reason: '' })
    await change(world, 'sync', sync)
    mx1.during = () => {
      world.abort.abort()
      mx1.lost = new CancelledError('cancelled')
    }
    expect(await back(world)).toMatchObject([{ outcome: 'changed', result: { revision: 2, synced: 'unknown' } }])
    expect([mx1.record?.revision, (await world.profile.read()).nodes[0]?.baseRevision]).toEqual([2, 2])
    expect(world.notes.at(-1)).toContain('the rollback is done; how the node is now could not be seen')
  })
})
