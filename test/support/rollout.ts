import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import type { Settings } from '../../src/node/settings.ts'
import { changeNodes } from '../../src/operations/mta/change.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import { syncNode } from '../../src/operations/mta/sync.ts'
import type { Waves } from '../../src/operations/rollout/waves.ts'
import { parseSerial } from '../../src/fleet/waves.ts'
import type { MemoryWorld } from './memory-node.ts'

// Runs in waves over four nodes in memory.

export const NAMES = ['mx1', 'mx2', 'mx3', 'mx4']
const GATE = { timeout: 0, queueGrowth: 10 }

export const waves = (serial: string, more: Partial<Waves> = {}): Waves => ({
  ...{ serial: parseSerial(serial), pause: 0, gate: GATE, onFailure: 'stop' },
  ...more,
})

export type Work = Parameters<typeof changeNodes>[3]
export const SYNC: Work = (session) => syncNode(session, { takeOver: false, restart: true, dryRun: false, reason: 'a test' })

/** Four running nodes that were told 3 spool readers and are to be told 5. */
export async function synced(
  memoryWorld: (names: readonly string[]) => Promise<MemoryWorld>,
  settings: Settings = { 'spool-readers': 5 },
): Promise<MemoryWorld> {
  const world = await memoryWorld(NAMES)
  await tell(world, { 'spool-readers': 3 })
  for (const name of NAMES) world.node(name).running = true
  await run(world, undefined)
  await tell(world, settings)
  return world
}

/** Makes these settings the defaults of the profile. */
export async function tell({ profile }: MemoryWorld, settings: Settings): Promise<void> {
  await profile.update((data) => ({ data: { ...data, defaults: settings }, result: undefined }))
}

export function run(
  { context }: MemoryWorld,
  how: Waves | undefined,
  more: {
    readonly maxFail?: number
    readonly concurrency?: number
    readonly work?: Work
    readonly told?: NodeOutcome<unknown>[]
  } = {},
): Promise<readonly NodeOutcome<ChangeResult>[]> {
  const { maxFail, concurrency = 4, work = SYNC, told } = more
  const width = {
    concurrency,
    ...(maxFail === undefined ? {} : { maxFail: { amount: maxFail, unit: 'nodes' as const } }),
    ...(told === undefined ? {} : { onNode: (outcome: NodeOutcome<unknown>) => void told.push(outcome) }),
  }
  const rest = { width, consent: { above: 100, yes: true }, dryRun: false, reason: undefined }
  return changeNodes(context, 'sync', { ...rest, waves: how, selection: { all: true } }, work)
}

export const outcomesOf = (nodes: readonly NodeOutcome<ChangeResult>[]): string[] => nodes.map(({ outcome }) => outcome)
export const told = (world: MemoryWorld): unknown[] => NAMES.map((name) => world.node(name).record?.settings['spool-readers'])
