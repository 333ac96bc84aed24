import * as v from 'valibot'
import { errorReport, texts } from '../../connection/wire/shapes.ts'
import { exitCode, outcome } from './common.ts'
import { FLEET_SCHEMAS } from './fleet.ts'
import { RECORD_SCHEMAS } from './records.ts'
import type { ResultSchema } from './result.ts'
import { WORK_SCHEMAS } from './work.ts'

export { fileSchemas } from './fleet.ts'

const ALL: Readonly<Record<string, ResultSchema>> = {
  'error/1': { title: 'why a command did nothing (more)' },
  ...RECORD_SCHEMAS,
  ...WORK_SCHEMAS,
  ...FLEET_SCHEMAS,
}

/** Every JSON document akctl prints with `--json`, by the name and version in its field `schema`. */
export function documentSchemas(): ReadonlyMap<string, { readonly title: string; readonly schema: v.GenericSchema }> {
  return new Map(
    Object.entries(ALL).map(([name, result]) => [name, { title: result.title, schema: documentSchema(name, result) }]),
  )
}

function documentSchema(name: string, { data, node }: ResultSchema): v.GenericSchema {
  const entries: Record<string, v.GenericSchema> = {
    schema: v.literal(name),
    ok: v.boolean(),
    exit: exitCode,
    ...(data === undefined ? {} : { data: node === undefined ? data : v.exactOptional(data) }),
    ...(node === undefined ? {} : { nodes: nodesOf(node, data !== undefined) }),
    warnings: texts,
    ...(name === 'error/1' ? { error: errorReport } : {}),
  }
  return v.object(entries)
}

/** One entry a node; a command that may answer for the profile instead has none then. */
function nodesOf(node: v.GenericSchema, optional: boolean): v.GenericSchema {
  const list = v.array(
    v.object({ node: v.string(), outcome, result: v.exactOptional(node), error: v.exactOptional(errorReport) }),
  )
  return optional ? v.exactOptional(list) : list
}
