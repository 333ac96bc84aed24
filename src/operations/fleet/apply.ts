import { isSelective } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { NodeState } from '../../node/state.ts'
import type { SettingKey } from '../../node/settings.ts'
import { CancelledError, UsageError } from '../../outcome/errors.ts'
import type { NodeOutcome, Outcome } from '../../outcome/outcome.ts'
import type { ProfileData } from '../../profile/profile.ts'
import type { Context, Opener } from '../context.ts'
import { type Change, journalChanges } from '../journal/change.ts'
import { type ChangeRun, changeFleet } from '../mta/change.ts'
import type { ChangeResult } from '../mta/results.ts'
import { syncNode } from '../mta/sync.ts'
import { checkAnswers } from '../run/answers.ts'
import { confirmMany } from '../run/confirm.ts'
import { Turned } from '../run/turned.ts'
import { forgetNode } from '../nodes/delete.ts'
import { noteMove } from '../nodes/edit.ts'
import { warnUnsupported } from '../settings/support.ts'
import { changed } from './changes.ts'
import { type FleetPlan, planFleet } from './plan.ts'
import { planIn } from './plan-file.ts'
import { FleetSource, textOf } from './read.ts'
import type { FleetNodeResult, FleetReport } from './results.ts'
import { planAgain, refuseMovedNode, refuseMovedProfile } from './stale.ts'

/** Nodes asked at once how they are, as with other reading verbs. */
const ASKED_AT_ONCE = 64

/** What `fleet apply` is told. */
export interface ApplyRequest {
  /** A fleet file, or a plan. */
  readonly path: string
  readonly prune: boolean
  /** Whether the nodes are asked first how they are. */
  readonly ask: boolean
  /** Overwrite what somebody else told a node. */
  readonly takeOver: boolean
  /** Whether the nodes are told; false: only the profile is changed. */
  readonly sync: boolean
  readonly run: ChangeRun
}

/**
 * Makes profile and nodes as a fleet file, or a plan, wants them: the profile in one write, then the sync of every node
 * that is not as it would be told.
 * @throws what concerns the whole run, before anything is done: an error in the file, a stale plan, no consent
 */
export async function applyFleet(context: Context, request: ApplyRequest): Promise<FleetReport> {
  const opener = context.connector.keeping() // the nodes that are asked are told something next
  try {
    return await applyBy(context, request, opener)
  } finally {
    await opener.end()
  }
}

async function applyBy(context: Context, request: ApplyRequest, opener: Opener): Promise<FleetReport> {
  const { path, run, sync } = request
  const plan = await planFor(context, path, request, opener)
  if (run.dryRun) return plan.report
  if (isNothing(plan)) {
    context.note(`nothing to do: ${sync ? 'profile and nodes are' : 'the profile is'} as ${path} says`)
    return applied(plan, [])
  }
  goesOn(context)
  if (sync) await checkTold(context, plan)
  await consent(context, plan, request)
  const after = await writeProfile(context, plan, run.reason)
  if (!sync) context.note(`not synced: run akctl fleet apply -f ${path}`)
  return syncNodes(context, plan, after, request, opener)
}

async function planFor(
  context: Context,
  path: string,
  { run, prune, ask, sync }: ApplyRequest,
  opener: Opener,
): Promise<FleetPlan> {
  const text = await textOf(path)
  const file = planIn(path, text)
  const how = sync ? { ask: ask ? ASKED_AT_ONCE : undefined, opener } : { ask: undefined, only: new Set<string>() }
  if (file === undefined) {
    return planFleet(context, await FleetSource.parse(path, text), { selection: run.selection, prune, ...how })
  }
  if (isSelective(run.selection)) {
    throw new UsageError(`${path} is a plan, which is applied as a whole: select nodes when it is made`)
  }
  const { remove, groups } = file.changes
  if (file.prune && !prune && (remove.length > 0 || groups !== undefined)) {
    throw new UsageError(`the plan was made with --prune and deletes: ${remove.join(' ') || 'groups'}`, {
      hints: ['give --prune here, too'],
    })
  }
  return planAgain(context, path, file, how)
}

function isNothing({ changes, syncs }: FleetPlan): boolean {
  const { put, remove, defaults, groups } = changes
  return put.length + remove.length + syncs.size === 0 && defaults === undefined && groups === undefined
}

async function consent(context: Context, { changes, report }: FleetPlan, { run, sync }: ApplyRequest): Promise<void> {
  const touched = report.nodes.filter(({ result }) => result !== undefined && (result.action !== 'none' || result.syncs))
  const { remove } = changes
  if (remove.length > 0) {
    context.note(`deleted from the profile, and left as they are on their servers: ${remove.join(' ')}`)
    if (!run.consent.yes) await confirmDeletes(context, remove.length)
  }
  if (!sync) return // as with settings, which are set without a question
  const names = touched.map(({ node }) => node)
  await confirmMany(context, names, 'fleet apply', run.consent)
}

async function confirmDeletes(context: Context, count: number): Promise<void> {
  const what = count === 1 ? 'a node' : `${count} nodes`
  if (!context.prompter.canAsk) {
    throw new UsageError(`deleting ${what} needs your consent, and there is no terminal to ask on`, { hints: ['give --yes'] })
  }
  if (!(await context.prompter.confirm(`Delete ${what} from the profile?`))) throw new CancelledError('nothing was done')
}

/** Looks for what logging in to the nodes will need, before the profile is written. @throws as checkAnswers */
async function checkTold(context: Context, { before, changes, syncs }: FleetPlan): Promise<void> {
  const { nodes } = changed(before, changes, context.clock().toISOString())
  await checkAnswers(context, { nodes: nodes.filter(({ name }) => syncs.has(name)), profile: await context.profile() })
}

/** @throws CancelledError after a Ctrl-C: the nodes were asked, or the profile waited for, in vain */
function goesOn({ signal }: Context): void {
  if (signal.aborted) throw new CancelledError('cancelled; nothing was done')
}

/** All of the plan's changes in one write; then what goes with them. @returns the profile after it */
async function writeProfile(context: Context, plan: FleetPlan, reason: string | undefined): Promise<ProfileData> {
  const profile = await context.profile()
  const { changes, before } = plan
  const after = await profile.update((data) => {
    goesOn(context)
    refuseMovedProfile(plan, data)
    const next = changed(data, changes, context.clock().toISOString())
    return { data: next, result: next }
  })
  await journalChanges(context, journalOf(plan, reason))
  const gone = new Set(changes.remove)
  for (const node of before.nodes) if (gone.has(node.name)) await forgetNode(context, profile, node, after.nodes)
  const old = new Map(before.nodes.map((node) => [node.name, node]))
  const put = new Set(changes.put.map(({ spec }) => spec.name))
  const nodes = after.nodes.filter(({ name }) => put.has(name))
  for (const node of nodes) {
    const was = old.get(node.name)
    if (was !== undefined) noteMove(context, was, node)
  }
  warnUnsupported(context, changes.defaults === undefined ? nodes : after.nodes, keysSet(plan))
  return after
}

function keysSet({ report }: FleetPlan): readonly SettingKey[] {
  const changes = [...report.data.defaults, ...report.nodes.flatMap(({ result }) => result?.settings ?? [])]
  return [...new Set(changes.flatMap(({ key, wanted }) => (wanted === undefined ? [] : [key])))]
}

function journalOf({ report }: FleetPlan, reason: string | undefined): readonly Change[] {
  const { defaults, groups } = report.data
  const own = [...defaults.map(({ key }) => `default ${key}`), ...groups.map(({ name }) => `group ${name}`)]
  const entry = (words: readonly string[], node?: string): Change => ({
    verb: 'fleet apply',
    ...(node === undefined ? {} : { node }),
    message: reason ?? words.join(', '),
  })
  return [
    ...(own.length > 0 ? [entry(own)] : []),
    ...report.nodes.flatMap(({ node, result }) =>
      result === undefined || !recordChanged(result) ? [] : [entry(wordsOf(result), node)],
    ),
  ]
}

function wordsOf({ action, fields, settings }: FleetNodeResult): readonly string[] {
  if (action !== 'change') return [`${action}d`]
  return [...fields.map(({ field }) => field), ...settings.map(({ key }) => key)]
}

function recordChanged({ action }: FleetNodeResult): boolean {
  return action === 'create' || action === 'change' || action === 'delete'
}

async function syncNodes(
  context: Context,
  plan: FleetPlan,
  after: ProfileData,
  { run, takeOver }: ApplyRequest,
  opener: Opener,
): Promise<FleetReport> {
  const nodes: readonly NodeRecord[] = after.nodes.filter(({ name }) => plan.syncs.has(name))
  if (nodes.length === 0) return applied(plan, [])
  const fleet = { profile: await context.profile(), nodes, defaults: after.defaults }
  const reason = run.reason ?? 'fleet apply'
  const planned = new Map(plan.report.nodes.map(({ node, result }) => [node, result]))
  const done = new Turned((synced: NodeOutcome<ChangeResult>) => doneOf(planned.get(synced.node), synced))
  const width = { ...done.width(run.width), opener }
  const agreed = { ...run, reason, width, consent: { above: nodes.length, yes: true } } // asked for before anything was written
  // Waves ask anew: their nodes are compared with what they were just before, and that may be hours after the plan.
  const found = (name: string): NodeState | undefined => (run.waves === undefined ? plan.answers.get(name)?.state : undefined)
  const synced = await changeFleet(context, 'sync', agreed, fleet, async (session) => {
    const { name } = session.node
    const state = found(name) ?? (await session.before())
    refuseMovedNode(plan, session, state)
    return syncNode(session, { restart: true, dryRun: false, reason, state, takeOver: takeOver && mayTakeOver(plan, name) })
  })
  return applied(
    plan,
    synced.map((outcome) => done.of(outcome)),
  )
}

/**
 * What of somebody else's may be overwritten on a node: the revision that was seen when it was asked. What came later was in no
 * plan that anybody has agreed to, and neither was what a node holds that did not answer. Of a node that is new nobody asks.
 */
function mayTakeOver({ asked, pins, revisions, before }: FleetPlan, name: string): boolean | number {
  const seen = pins?.revisions.get(name) ?? (asked ? revisions.get(name) : undefined)
  return seen ?? !(asked && before.nodes.some((node) => node.name === name))
}

/** The plan's report with what came of it. @param synced the nodes that were told something */
function applied({ report }: FleetPlan, synced: readonly NodeOutcome<FleetNodeResult>[]): FleetReport {
  const byName = new Map(synced.map((outcome) => [outcome.node, outcome]))
  const nodes = report.nodes.flatMap(({ node, result }): NodeOutcome<FleetNodeResult>[] => {
    if (result === undefined) return []
    const done = byName.get(node)
    if (done !== undefined) return [done]
    return result.action === 'none' ? [] : [{ node, outcome: ownOutcome(result), result }]
  })
  return { data: { ...report.data, dryRun: false }, nodes }
}

/** What came of a node that was told something. @param planned what was to be done with it */
function doneOf(planned: FleetNodeResult | undefined, synced: NodeOutcome<ChangeResult>): NodeOutcome<FleetNodeResult> {
  const { result: sync, ...rest } = synced
  if (planned === undefined) return rest
  const outcome = synced.outcome === 'ok' ? ownOutcome(planned) : synced.outcome
  return { ...rest, outcome, result: sync === undefined ? planned : { ...planned, sync } }
}

/** What became of a node's record. */
function ownOutcome(result: FleetNodeResult): Outcome {
  return recordChanged(result) ? 'changed' : 'ok'
}
