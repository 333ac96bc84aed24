import { findNode } from '../../fleet/select.ts'
import { baseOf, type NodeRecord, withBase } from '../../node/record.ts'
import type { Context } from '../context.ts'
import { noteRegrouped, withRenamed } from '../groups/groups.ts'
import { journalChange } from '../journal/change.ts'
import { checkKeys, checkUnique, samePlace } from './checks.ts'
import { describeNode } from './describe.ts'
import type { NodeFields, Problem } from './fields.ts'
import { type Clearable, type NodeSpec, contradictions, merged } from './merge.ts'

/** What to change. */
export interface NodeChange {
  readonly fields: NodeFields
  readonly clear: ReadonlySet<Clearable>
  /** Called with what can't be together, if anything; throws. */
  readonly refuse: (problems: readonly Problem[]) => never
}

/** One field that is another now, as shown to people. */
export interface FieldChange {
  readonly field: string
  readonly from: string
  readonly to: string
}

export interface EditedNode {
  readonly node: NodeRecord
  /** Empty when everything was like that already. */
  readonly changes: readonly FieldChange[]
}

/**
 * Changes a node's record. Nothing is done on the server; a node that is in another place now counts as not known yet.
 * @param name a node's name or id
 * @throws NotFoundError, and UsageError when the new name or place is taken
 */
export async function editNode(context: Context, name: string, change: NodeChange): Promise<EditedNode> {
  const profile = await context.profile()
  const { before, after, groups } = await profile.update(async (data) => {
    const before = findNode(data.nodes, name)
    const spec = edited(before, change)
    await checkKeys(profile, spec)
    const after = placed(before, spec)
    checkUnique(
      after,
      data.nodes.filter((node) => node.id !== before.id),
    )
    const nodes = data.nodes.map((node) => (node.id === before.id ? after : node))
    const { data: left, changes } = withRenamed({ ...data, nodes }, before, after)
    return { data: left, result: { before, after, groups: changes } }
  })
  noteRegrouped(context, groups)
  const changes = changesBetween(before, after)
  noteMove(context, before, after)
  if (changes.length > 0) {
    const message = changes.map(({ field, from, to }) => `${field}: ${from} -> ${to}`).join('; ')
    await journalChange(context, { verb: 'nodes edit', node: after.name, message })
  }
  return { node: after, changes }
}

function edited(node: NodeRecord, { fields, clear, refuse }: NodeChange): NodeSpec {
  const spec = merged(node, fields, clear)
  const problems = contradictions(spec, fields)
  return problems.length === 0 ? spec : refuse(problems)
}

/** Says what a change of the way to a node brings with it. */
export function noteMove(context: Context, before: NodeRecord, after: NodeRecord): void {
  if (before.baseRevision !== undefined && after.baseRevision === undefined) {
    context.warn(
      `${after.name} is in another place now: what was known of its revisions is forgotten, and the next sync compares anew`,
    )
  }
  if (after.access === 'https' && before.access !== 'https') {
    context.note(
      `${after.name} is reached through its agent from now on, which comes with its archive: akctl nodes archive ${after.name} --out FILE`,
    )
  }
}

/** The record with its new spec; the base revision belongs to the place it was seen at. */
export function placed(before: NodeRecord, spec: NodeSpec): NodeRecord {
  const { id, settings, createdAt } = before
  const node = { ...spec, id, settings, createdAt }
  return withBase(node, samePlace(before, node) && node.mta === before.mta ? baseOf(before) : undefined)
}

/** The fields in which two records differ, in words. */
export function changesBetween(before: NodeRecord, after: NodeRecord): readonly FieldChange[] {
  const old = new Map(describeNode(before))
  return describeNode(after).flatMap(([field, to]) => {
    const from = old.get(field) ?? '-'
    return from === to ? [] : [{ field, from, to }]
  })
}
