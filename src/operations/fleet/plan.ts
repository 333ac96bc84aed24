import type { Selection } from '../../fleet/select.ts'
import { nearNames } from '../../node/near.ts'
import type { ErrorReport, NodeOutcome, Outcome } from '../../outcome/outcome.ts'
import type { Profile, ProfileData } from '../../profile/profile.ts'
import type { Context, Opener } from '../context.ts'
import { membersOf } from '../groups/groups.ts'
import { keyChanges } from '../mta/keys.ts'
import { selectionSources } from '../run/set-sources.ts'
import { twinsAmong } from '../nodes/checks.ts'
import type { NodeStatus } from '../nodes/status.ts'
import { changed, type FleetChanges, groupsWith, type Wanted, wantedBy } from './changes.ts'
import { driftOf, groupChanges, recordChanges, type RecordChange } from './compare.ts'
import type { FleetSource } from './read.ts'
import type { Action, FleetNodeResult, FleetReport, FleetSummary } from './results.ts'
import type { FileProblem } from './tree.ts'

/** How a plan is made. */
export interface PlanRequest {
  readonly selection: Selection
  /** Delete what the file does not name. */
  readonly prune: boolean
  /** How many nodes are asked at once how they are; undefined: none is. */
  readonly ask: number | undefined
  /** What connects to them, where they are told something later. */
  readonly opener?: Opener | undefined
  /** The nodes that may be told their settings; all when absent. */
  readonly only?: ReadonlySet<string> | undefined
}

/** A plan, with what it was made from. */
export interface FleetPlan {
  readonly file: string
  readonly before: ProfileData
  readonly after: ProfileData
  readonly changes: FleetChanges
  readonly asked: boolean
  readonly prune: boolean
  /** Each node of the file that is there already, with its revision: as it says itself, or as the profile knows it. */
  readonly revisions: ReadonlyMap<string, number>
  /** What the nodes that were asked have said. */
  readonly answers: ReadonlyMap<string, NodeStatus>
  /** Of a plan that was written: where its nodes must still be. */
  readonly pins?: Pins
  /** The nodes that are told their settings. */
  readonly syncs: ReadonlySet<string>
  readonly report: FleetReport
}

/** The revisions that a written plan found its nodes at. */
export interface Pins {
  readonly revisions: ReadonlyMap<string, number>
  /** When the plan was made. */
  readonly at: string
  /** How it is made anew, for a hint. */
  readonly again: string
}

/** Compares a file with the profile and, where asked to, with the nodes. Changes nothing. */
export async function planFleet(context: Context, source: FleetSource, request: PlanRequest): Promise<FleetPlan> {
  const profile = await context.profile()
  const before = await profile.read()
  const sources = await selectionSources(context, groupsWith(source.file, before), request.selection)
  const wanted = wantedBy(source.file, before, request.selection, request.prune, sources)
  const after = changed(before, wanted.changes, context.clock().toISOString())
  await refuseImpossible(source, profile, wanted.changes, after)
  await refuseBrokenGroups(source, after)
  const listed = new Set(wanted.listed)
  const all = recordChanges(before, after)
  noteUnlisted(context, all, listed)
  const records = all.filter(({ node, action }) => action === 'delete' || listed.has(node.name))
  const answers = await askNodes(context, profile, after, records, request)
  const asked = request.ask !== undefined
  const { prune, only } = request
  return planOf(source.path, profile.name, { before, after, wanted, records, answers, asked, prune, only })
}

/** What a plan is put together from. */
export interface Found extends Pick<FleetPlan, 'before' | 'after' | 'asked' | 'prune'> {
  readonly wanted: Wanted
  readonly records: readonly RecordChange[]
  readonly answers: ReadonlyMap<string, NodeStatus>
  /** The nodes that may be told their settings; all when absent. */
  readonly only?: ReadonlySet<string> | undefined
}

/** Puts a plan together. */
export function planOf(file: string, profile: string, found: Found): FleetPlan {
  const { before, after, wanted, records, answers, asked, prune, only } = found
  const nodes = records.map((record) => outcomeOf(record, answers.get(record.node.name), after, only))
  const shown = nodes.filter(({ result, error }) => error !== undefined || result?.action !== 'none')
  const syncs = new Set(nodes.flatMap(({ node, result }) => (result?.syncs === true ? [node] : [])))
  const data = {
    ...countsOf(shown),
    ...{ file, profile, asked, dryRun: true },
    unlisted: wanted.unlisted.length,
    unlistedGroups: wanted.unlistedGroups.length,
    defaults: keyChanges(before.defaults, after.defaults),
    groups: groupChanges(before, after),
  }
  const differences =
    data.defaults.length + data.groups.length > 0 || shown.some(({ result }) => result !== undefined && result.action !== 'none')
  const { changes } = wanted
  const report = { data, nodes: shown, differences }
  return {
    ...{ file, before, after, changes, asked, prune },
    ...{ revisions: revisionsOf(records, answers, asked), answers, syncs, report },
  }
}

/** How many nodes each thing is done to. */
export function countsOf(
  nodes: readonly NodeOutcome<FleetNodeResult>[],
): Pick<FleetSummary, 'create' | 'change' | 'delete' | 'sync'> {
  const count = (action: Action): number => nodes.filter(({ result }) => result?.action === action).length
  const sync = nodes.filter(({ result }) => result?.syncs === true).length
  return { create: count('create'), change: count('change'), delete: count('delete'), sync }
}

function outcomeOf(
  record: RecordChange,
  answer: NodeStatus | undefined,
  after: ProfileData,
  only: ReadonlySet<string> | undefined,
): NodeOutcome<FleetNodeResult> {
  const { node, action, fields, settings, effective } = record
  const drift = answer === undefined ? undefined : driftOf(answer, node, after)
  const silent = answer !== undefined && drift === undefined
  const needs = action !== 'delete' && (drift === undefined ? effective || silent : drift.synced !== 'yes')
  const syncs = needs && only?.has(node.name) !== false
  const result: FleetNodeResult = {
    action: action === 'none' && syncs && !silent ? 'sync' : action,
    ...{ fields, settings, syncs },
    ...(drift === undefined || (drift.synced === 'yes' && action === 'none') ? {} : { drift }),
  }
  if (!silent) return { node: node.name, outcome: 'ok', result }
  return { node: node.name, outcome: outcomeOfAnswer(answer), result, error: errorOf(answer) }
}

function outcomeOfAnswer({ status }: NodeStatus): Outcome {
  return status === 'running' || status === 'stopped' || status === 'absent' ? 'ok' : status
}

function errorOf({ error }: NodeStatus): ErrorReport {
  return error ?? { kind: 'failed', message: 'the node did not answer', hints: [] }
}

function revisionsOf(
  records: readonly RecordChange[],
  answers: ReadonlyMap<string, NodeStatus>,
  asked: boolean,
): ReadonlyMap<string, number> {
  return new Map(
    records.flatMap(({ node, action }): [string, number][] => {
      if (action === 'create' || action === 'delete') return []
      if (!asked) return node.baseRevision === undefined ? [] : [[node.name, node.baseRevision]]
      const state = answers.get(node.name)?.state
      return state === undefined ? [] : [[node.name, state.record?.revision ?? 0]]
    }),
  )
}

/** Nodes that are there already are asked as they will be reached after the change; new ones are not known to anybody yet. */
export async function askNodes(
  context: Context,
  profile: Profile,
  { defaults }: ProfileData,
  records: readonly RecordChange[],
  { ask: concurrency, opener }: Pick<PlanRequest, 'ask' | 'opener'>,
): Promise<ReadonlyMap<string, NodeStatus>> {
  if (concurrency === undefined) return new Map()
  const nodes = records.filter(({ action }) => action === 'change' || action === 'none').map(({ node }) => node)
  const { askStatus } = await import('../nodes/status.ts')
  const answers = await askStatus(context, { profile, nodes, defaults }, { concurrency, opener })
  return new Map(nodes.flatMap(({ name }, index) => (answers[index] === undefined ? [] : [[name, answers[index]]])))
}

/** What the file alone does not show: keys that are not there, two nodes in one place. */
async function refuseImpossible(source: FleetSource, profile: Profile, { put }: FleetChanges, after: ProfileData): Promise<void> {
  if (put.length === 0) return
  const problems: FileProblem[] = []
  const named = put.flatMap(({ spec }) => [
    { path: ['nodes', spec.name, 'key'], key: spec.key },
    { path: ['nodes', spec.name, 'jump-key'], key: spec.jump?.key === spec.key ? undefined : spec.jump?.key },
  ])
  if (named.some(({ key }) => key !== undefined && key !== 'agent')) {
    const known = await profile.keys.names()
    for (const { path, key } of named) {
      if (key === undefined || key === 'agent' || known.includes(key)) continue
      const near = nearNames(key, known).map((name) => `; did you mean ${name}?`)
      problems.push({ path, text: `no such key: ${key}${near[0] ?? ''}`, unknown: true })
    }
  }
  const mine = new Set(put.map(({ spec }) => spec.name))
  for (const [one, other] of twinsAmong(after.nodes)) {
    const [name, twin] = mine.has(other.name) ? [other.name, one.name] : [one.name, other.name]
    problems.push({ path: ['nodes', name], atKey: true, text: `is in the same place as the node ${twin}: ${other.directory}` })
  }
  if (problems.length > 0) await source.refuse(problems)
}

/** A group of the file that names a node or a group which is in neither file nor profile, or that holds itself. */
async function refuseBrokenGroups(source: FleetSource, after: ProfileData): Promise<void> {
  const { groups: own = [], nodes = [] } = source.file
  if (own.length === 0) return
  const mine = new Set(own.map(({ name }) => name))
  // A node of the file that is not selected now will be there.
  const named = nodes.map(({ spec }) => spec.name)
  const problems = membersOf(after.groups ?? [], after.nodes, named).flatMap(({ name, problem }): FileProblem[] =>
    problem === undefined || !mine.has(name) ? [] : [{ path: ['groups', name], text: problem, unknown: true }],
  )
  if (problems.length > 0) await source.refuse(problems)
}

/** Changed defaults are felt by nodes that the file does not name, too. */
function noteUnlisted(context: Context, records: readonly RecordChange[], listed: ReadonlySet<string>): void {
  const felt = records.filter(({ node, action, effective }) => action === 'none' && effective && !listed.has(node.name))
  if (felt.length === 0) return
  const some = felt.slice(0, 5).map(({ node }) => node.name)
  const which = felt.length > 5 ? `${some.join(' ')} and ${felt.length - 5} more` : some.join(' ')
  context.note(`the changed defaults are felt by nodes that are not told here: ${which}; for them: akctl mta sync`)
}
