import type { Selection } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { changeFleet, reasonOf } from '../mta/change.ts'
import type { ChangeResult } from '../mta/results.ts'
import { syncNode } from '../mta/sync.ts'
import { checkAnswers } from '../run/answers.ts'
import { confirmMany, type Consent } from '../run/confirm.ts'
import { loadFleet, type Fleet } from '../run/fleet.ts'
import { Turned } from '../run/turned.ts'
import type { Width } from '../run/visit.ts'
import type { Waves } from '../rollout/waves.ts'
import { changeDefaults, changeNodeSettings, unsyncedBy, type Edit, type SettingsChange, type SettingsRun } from './change.ts'

/** What `settings set` and `unset` are told. */
export interface EditRun extends SettingsRun {
  /** `settings set` or `settings unset`. */
  readonly verb: string
  /** The nodes, or the profile's defaults. */
  readonly target: Selection | 'defaults'
  /** Push at once to every node whose effective settings change; undefined: only the profile is changed. */
  readonly sync: EditSync | undefined
}

/** How nodes are told what was set. */
export interface EditSync {
  /** Told of a NodeEdit of each node. */
  readonly width: Width
  readonly consent: Consent
  /** Part by part; undefined: all nodes in one go. */
  readonly waves?: Waves | undefined
}

/** What became of one node's settings, and of the sync where one was asked for. */
export interface NodeEdit extends Partial<SettingsChange> {
  readonly sync?: ChangeResult
}

export interface EditReport {
  /** The change of the defaults. */
  readonly data?: SettingsChange
  readonly nodes?: readonly NodeOutcome<NodeEdit>[]
}

/**
 * Changes settings of nodes or of the profile's defaults, and pushes them where asked to.
 * @throws what concerns the whole run, before anything is changed: selection, consent
 */
export async function editSettings(context: Context, edit: Edit, run: EditRun): Promise<EditReport> {
  return run.target === 'defaults' ? editDefaults(context, edit, run) : editNodes(context, edit, run, run.target)
}

async function editNodes(context: Context, edit: Edit, run: EditRun, selection: Selection): Promise<EditReport> {
  const fleet = await loadFleet(context, selection)
  const names = fleet.nodes.map(({ name }) => name)
  if (run.sync !== undefined && !run.dryRun) {
    await confirmMany(context, names, `${run.verb} and sync`, run.sync.consent)
    await checkAnswers(context, fleet)
  }
  const { outcomes, nodes, unsynced } = await changeNodeSettings(context, fleet, run.verb, edit, run)
  if (run.sync === undefined) {
    if (!run.dryRun) hintNotSynced(context, unsynced)
    return { nodes: outcomes }
  }
  const own = new Map(outcomes.map((outcome) => [outcome.node, outcome]))
  const edits = await push(context, { ...fleet, nodes }, run, run.sync, (synced) => merged(own.get(synced.node), synced))
  return { nodes: edits }
}

async function editDefaults(context: Context, edit: Edit, run: EditRun): Promise<EditReport> {
  const profile = await context.profile()
  if (run.sync !== undefined && !run.dryRun) {
    const nodes = unsyncedBy(await profile.read(), edit)
    const names = nodes.map(({ name }) => name)
    await confirmMany(context, names, `${run.verb} --defaults and sync`, run.sync.consent)
    await checkAnswers(context, { profile, nodes })
  }
  const { change, defaults, unsynced } = await changeDefaults(context, run.verb, edit, run)
  if (run.sync === undefined) {
    if (!run.dryRun) hintNotSynced(context, unsynced)
    return { data: change }
  }
  const nodes = await push(context, { profile, defaults, nodes: unsynced }, run, run.sync, (synced) => merged(undefined, synced))
  return { data: change, nodes }
}

/** @param account a node's outcome, of what came of its sync */
async function push(
  context: Context,
  fleet: Fleet,
  { dryRun, reason }: EditRun,
  { width, waves }: EditSync,
  account: (synced: NodeOutcome<ChangeResult>) => NodeOutcome<NodeEdit>,
): Promise<readonly NodeOutcome<NodeEdit>[]> {
  const edits = new Turned(account)
  const consent = { above: fleet.nodes.length, yes: true } // it was asked for before anything was written
  const run = { dryRun, reason, width: edits.width(width), consent, waves }
  const synced = await changeFleet(context, 'sync', run, fleet, (session) =>
    syncNode(session, { takeOver: false, restart: true, dryRun, reason: reasonOf('sync', reason) }),
  )
  return synced.map((outcome) => edits.of(outcome))
}

/** @param own what became of the node's own settings; undefined: they were not touched */
function merged(own: NodeOutcome<SettingsChange> | undefined, synced: NodeOutcome<ChangeResult>): NodeOutcome<NodeEdit> {
  const { result, ...rest } = synced
  const outcome = own !== undefined && synced.outcome === 'ok' ? own.outcome : synced.outcome
  if (own === undefined && result === undefined) return rest
  return { ...rest, outcome, result: { ...own?.result, ...(result === undefined ? {} : { sync: result }) } }
}

/** The hint after a change that no node has been told yet. */
function hintNotSynced(context: Context, nodes: readonly NodeRecord[]): void {
  if (nodes.length === 0) return
  const which = nodes.length <= 5 ? nodes.map(({ name }) => name).join(' ') : '--all'
  context.note(`not synced: run akctl mta sync ${which}`)
}
