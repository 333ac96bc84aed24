import { ConflictError, UsageError } from '../../outcome/errors.ts'
import type { ProfileData } from '../../profile/profile.ts'
import { type NodeState, syncedOf } from '../../node/state.ts'
import type { Context } from '../context.ts'
import type { Session } from '../run/session.ts'
import type { NodeStatus } from '../nodes/status.ts'
import { changed, type FleetChanges, fingerprintOf } from './changes.ts'
import { recordChanges } from './compare.ts'
import { askNodes, type FleetPlan, type Pins, planOf, type PlanRequest } from './plan.ts'
import type { PlanFile } from './plan-file.ts'

const NOTHING: FleetChanges = { put: [], remove: [] }

/**
 * A written plan, compared with what is there now. A profile that is already as the plan makes it (an apply that did not
 * reach every node, done again) is not stale.
 * @param how `ask`: how many nodes are asked at once for their revision; undefined: none is. `only`: as in a PlanRequest
 * @throws ConflictError when the profile or a node has moved since; UsageError for another profile's plan, or an edited one
 */
export async function planAgain(
  context: Context,
  path: string,
  file: PlanFile,
  { ask, only, opener }: Pick<PlanRequest, 'ask' | 'only' | 'opener'>,
): Promise<FleetPlan> {
  const profile = await context.profile()
  if (profile.name !== file.profile) {
    throw new UsageError(`${path} is a plan for the profile ${file.profile}, and this is ${profile.name}`, {
      hints: [`give --profile ${file.profile}`],
    })
  }
  const before = await profile.read()
  const now = fingerprintOf(before)
  const applied = now === file.result
  if (now !== file.fingerprint && !applied) throw staleProfile(path, file)
  const changes = applied ? NOTHING : file.changes
  const after = changed(before, changes, context.clock().toISOString())
  if (!applied && fingerprintOf(after) !== file.result) {
    throw new UsageError(`${path}: the plan was edited: it would not change the profile as it did when it was made`, {
      hints: [planAnew(path, file.made.from)],
    })
  }
  const names = new Set(file.nodes.map(({ name }) => name))
  const all = recordChanges(before, after)
  const records = all.filter(({ node, action }) => action === 'delete' || names.has(node.name))
  if (!file.asked && !applied) refuseMoved(path, file, (name) => ({ revision: knownRevision(before, name) }))
  const asks = file.asked || applied ? ask : undefined
  const answers = await askNodes(context, profile, after, records, { ask: asks, opener })
  refuseMoved(path, file, (name) => foundRevision(answers.get(name)))
  const wanted = { changes, listed: [...names], unlisted: [], unlistedGroups: [] }
  const told = only ?? new Set(file.nodes.filter(({ syncs }) => syncs).map(({ name }) => name))
  const asked = asks !== undefined
  const plan = planOf(path, profile.name, { before, after, wanted, records, answers, asked, prune: file.prune, only: told })
  return file.asked ? { ...plan, pins: pinsOf(path, file) } : plan
}

function pinsOf(path: string, { nodes, made }: PlanFile): Pins {
  const revisions = nodes.flatMap(({ name, revision }): [string, number][] => (revision === undefined ? [] : [[name, revision]]))
  return { revisions: new Map(revisions), at: made.at, again: planAnew(path, made.from) }
}

/**
 * Compares a node with the written plan in the moment it is told something: it may not have answered when all were asked.
 * @throws ConflictError when it has moved since, and is not as the plan makes it either
 */
export function refuseMovedNode({ pins }: FleetPlan, { node, wanted }: Session, state: NodeState): void {
  const was = pins?.revisions.get(node.name)
  const { record } = state
  const now = record?.revision ?? 0
  if (pins === undefined || was === undefined || now === was || syncedOf(state, wanted) === 'yes') return
  throw new ConflictError(`the plan is stale: the node is at revision ${now}, and was at ${was} when it was made at ${pins.at}`, {
    detail: record === undefined ? [] : [`revision ${now} was written by ${record.by} at ${record.at}`],
    hints: [pins.again, `see what the node was told: akctl mta diff ${node.name}`],
  })
}

/** @throws ConflictError when the profile is no longer what a plan was made from */
export function refuseMovedProfile(plan: FleetPlan, data: ProfileData): void {
  if (data === plan.before || fingerprintOf(data) === fingerprintOf(plan.before)) return
  throw new ConflictError('the profile was changed by somebody else in this moment; nothing was done', {
    hints: ['try again'],
  })
}

function staleProfile(path: string, { made }: PlanFile): ConflictError {
  return new ConflictError(`the plan is stale: the profile has changed since it was made at ${made.at}; nothing was done`, {
    hints: [planAnew(path, made.from)],
  })
}

interface Seen {
  /** Absent when it is not known. */
  readonly revision?: number | undefined
  readonly words?: string
}

/** @param seen where a node is now; undefined when that does not matter */
function refuseMoved(path: string, { nodes, made }: PlanFile, seen: (name: string) => Seen | undefined): void {
  const moved = nodes.flatMap(({ name, revision }) => {
    const now = seen(name)
    if (now?.revision === undefined || revision === undefined || now.revision === revision) return []
    return [`${name} is at revision ${now.revision}, and was at ${revision}${now.words ?? ''}`]
  })
  if (moved.length === 0) return
  const count = moved.length === 1 ? 'a node has' : `${moved.length} nodes have`
  throw new ConflictError(`the plan is stale: ${count} changed since it was made at ${made.at}; nothing was done`, {
    detail: moved.slice(0, 20),
    hints: [planAnew(path, made.from), 'see what a node was told: akctl mta diff NODE'],
  })
}

function knownRevision({ nodes }: ProfileData, name: string): number | undefined {
  return nodes.find((node) => node.name === name)?.baseRevision
}

/** A node that is as the plan makes it matters no more, whoever made it so. */
function foundRevision(answer: NodeStatus | undefined): Seen | undefined {
  if (answer?.state === undefined || answer.synced === 'yes') return undefined
  const { record } = answer.state
  if (record === undefined) return { revision: 0 }
  return { revision: record.revision, words: `: written by ${record.by} at ${record.at}` }
}

function planAnew(path: string, from: string): string {
  return `make it anew: akctl fleet plan -f ${from} --out ${path}`
}
