import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyFleet, type ApplyRequest } from '../../src/operations/fleet/apply.ts'
import { planFleet } from '../../src/operations/fleet/plan.ts'
import { writePlan } from '../../src/operations/fleet/plan-file.ts'
import { FleetSource } from '../../src/operations/fleet/read.ts'
import type { FleetReport } from '../../src/operations/fleet/results.ts'
import type { Waves } from '../../src/operations/rollout/waves.ts'
import type { MemoryWorld } from './memory-node.ts'

/** A file with these nodes, each with one setting. */
export function fileOf(settings: Readonly<Record<string, number>>, more = ''): string {
  const nodes = Object.entries(settings).map(
    ([name, readers]) => `  ${name}:\n    access: local\n    dir: /opt/${name}\n    settings: { spool-readers: ${readers} }\n`,
  )
  return `version: 1\n${more}nodes:\n${nodes.join('')}`
}

/** What `fleet apply` is told; what is absent is as without a flag. */
export interface Wish {
  readonly prune?: boolean
  readonly ask?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly above?: number
  readonly takeOver?: boolean
  readonly sync?: boolean
  readonly names?: readonly string[]
  readonly waves?: Waves
}

/** Plans and applies in a folder, over nodes in memory. */
export class FleetFolder {
  readonly file: string
  readonly plan: string

  constructor(folder: string) {
    this.file = join(folder, 'fleet.yaml')
    this.plan = join(folder, 'plan.json')
  }

  requestOf(path: string, wish: Wish): ApplyRequest {
    const { prune = false, ask = true, yes = false, dryRun = false, above = 10, takeOver = false, sync = true } = wish
    const { names = [], waves } = wish
    const run = { selection: { names }, width: { concurrency: 1 }, waves, consent: { above, yes }, dryRun, reason: undefined }
    return { path, prune, ask, takeOver, sync, run }
  }

  apply(world: MemoryWorld, text: string, wish: Wish = {}): Promise<FleetReport> {
    writeFileSync(this.file, text)
    return applyFleet(world.context, this.requestOf(this.file, wish))
  }

  /** Writes a plan of a file. @returns whether it was written */
  async planned(
    world: MemoryWorld,
    text: string,
    wish: { readonly prune?: boolean; readonly ask?: boolean } = {},
  ): Promise<boolean> {
    const { prune = false, ask = true } = wish
    const source = await FleetSource.parse('fleet.yaml', text)
    const plan = await planFleet(world.context, source, { selection: {}, prune, ask: ask ? 4 : undefined })
    return writePlan(world.context, plan, this.plan, 'default')
  }

  applyPlan(world: MemoryWorld, wish: Wish = {}): Promise<FleetReport> {
    return applyFleet(world.context, this.requestOf(this.plan, wish))
  }
}

/** Each node's one setting in the profile. */
export async function settingsOf(world: MemoryWorld): Promise<readonly unknown[]> {
  return (await world.profile.read()).nodes.map(({ name, settings }) => [name, settings['spool-readers']])
}

/** Someone else's sync by another profile. */
export const BOB = 'bob@else'
