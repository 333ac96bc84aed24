import * as v from 'valibot'
import { settings as settingsShape, count, texts } from '../../connection/wire/shapes.ts'
import { shapeOf } from '../../connection/wire/shape.ts'
import { foldNames } from '../../fleet/node-set/fold.ts'
import { ACCESSES, MTA_NAMES } from '../../node/record.ts'
import { UsageError } from '../../outcome/errors.ts'
import { NewFile } from '../files/new-file.ts'
import type { Context } from '../context.ts'
import type { NodeSpec } from '../nodes/merge.ts'
import { type FleetChanges, fingerprintOf } from './changes.ts'
import { changesProblem } from './plan-check.ts'
import type { FleetPlan } from './plan.ts'

/** The version of the plan file that this akctl writes and reads. */
const PLAN_SCHEMA = 'fleet-plan/1'

/** A plan as it is written: what apply needs to do exactly that, and to see that it still may. */
export interface PlanFile {
  readonly schema: typeof PLAN_SCHEMA
  readonly made: { readonly at: string; readonly by: string; readonly from: string }
  readonly profile: string
  /** Of the profile that the plan was made from, and of the profile after it. */
  readonly fingerprint: string
  readonly result: string
  readonly asked: boolean
  readonly prune: boolean
  readonly changes: FleetChanges
  /** The nodes of the file: the revision each was at, and whether it is told its settings. */
  readonly nodes: readonly { readonly name: string; readonly revision?: number; readonly syncs: boolean }[]
}

const text = v.pipe(v.string(), v.minLength(1))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535))

const spec = shapeOf<NodeSpec>()(
  v.strictObject({
    name: text,
    host: text,
    port: v.exactOptional(port),
    directory: text,
    access: v.picklist(ACCESSES),
    mta: v.picklist(MTA_NAMES),
    user: v.exactOptional(text),
    key: v.exactOptional(text),
    sudo: v.boolean(),
    jump: v.exactOptional(v.strictObject({ user: text, host: text, port, key: text })),
    service: v.exactOptional(text),
    addresses: texts,
    labels: v.record(v.string(), v.string()),
  }),
)

/** `plan.json`. */
export const planFileSchema = shapeOf<PlanFile>()(
  v.strictObject({
    schema: v.literal(PLAN_SCHEMA),
    made: v.strictObject({ at: text, by: text, from: text }),
    profile: text,
    fingerprint: text,
    result: text,
    asked: v.boolean(),
    prune: v.boolean(),
    changes: v.strictObject({
      defaults: v.exactOptional(settingsShape),
      groups: v.exactOptional(v.array(v.strictObject({ name: text, nodes: v.string() }))),
      put: v.array(v.strictObject({ spec, settings: settingsShape })),
      remove: texts,
    }),
    nodes: v.array(v.strictObject({ name: text, revision: v.exactOptional(count), syncs: v.boolean() })),
  }),
)

/**
 * Writes a plan, readable by its owner alone. One that nodes have not answered for is not written, with a warning: of them it
 * would not know what it overwrites, so that nothing could be done exactly.
 * @returns whether it was written
 * @throws UsageError when it can't be written
 */
export async function writePlan(context: Context, plan: FleetPlan, path: string, profile: string): Promise<boolean> {
  const { before, after, changes, asked, prune, revisions, syncs, answers } = plan
  const silent = [...answers].flatMap(([name, { state }]) => (state === undefined ? [name] : []))
  if (silent.length > 0) {
    const folded = foldNames(silent)
    const instead = context.signal.aborted ? '' : `; a plan without them: --exclude '${folded}'`
    context.warn(`${path} was not written, as these nodes could not be asked: ${folded}${instead}`)
    return false
  }
  const content: PlanFile = {
    schema: PLAN_SCHEMA,
    made: { at: context.clock().toISOString(), by: context.operator, from: plan.file },
    profile,
    fingerprint: fingerprintOf(before),
    result: fingerprintOf(after),
    ...{ asked, prune, changes },
    nodes: [...new Set([...revisions.keys(), ...syncs])].map((name) => {
      const revision = revisions.get(name)
      return { name, ...(revision === undefined ? {} : { revision }), syncs: syncs.has(name) }
    }),
  }
  await NewFile.write(path, Buffer.from(`${JSON.stringify(content, undefined, 1)}\n`), '--out')
  return true
}

/**
 * The plan in a file's text; undefined when it is no plan (but perhaps a fleet file).
 * @throws UsageError for a plan that is damaged, or of another akctl
 */
export function planIn(path: string, content: string): PlanFile | undefined {
  if (!content.startsWith('{')) return undefined
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    return undefined // YAML may begin so, too
  }
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  if (typeof schema !== 'string' || !schema.startsWith('fleet-plan/')) return undefined
  const again = { hints: ['make it anew: akctl fleet plan -f FILE --out PLAN'] }
  if (schema !== PLAN_SCHEMA)
    throw new UsageError(`${path}: a plan of the form ${schema}, and this akctl reads ${PLAN_SCHEMA}`, again)
  const checked = v.safeParse(planFileSchema, value)
  const problem = checked.success ? changesProblem((value as PlanFile).changes) : wordsOf(checked.issues[0])
  if (problem === undefined) return value as PlanFile
  throw new UsageError(`${path}: the plan is damaged: ${problem}`, again)
}

function wordsOf(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? ''}: ${issue.message}`
}
