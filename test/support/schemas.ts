import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv'

const folder = resolve(__dirname, '../../docs/schema')
const ajv = new Ajv({ allErrors: true, strict: false })
const compiled = new Map<string, ValidateFunction>()

/**
 * Checks a JSON document of akctl against the schema it names. The published schemas let fields be added; here every
 * field must be one that the schema knows.
 * @returns what is wrong; empty when it fits
 */
export function fitsSchema(document: { readonly schema: string }): readonly string[] {
  const { schema } = document
  const validate = compiled.get(schema) ?? ajv.compile(closed(readSchema(schema)) as AnySchemaObject)
  compiled.set(schema, validate)
  if (validate(document)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  )
}

/** The published schema of a document's name and version (`nodes.list/1`). */
export function readSchema(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, `${name.replace('/', '-')}.json`), 'utf8'))
}

/** The same schema without room for unknown fields. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in inner && !('additionalProperties' in inner) ? { ...inner, additionalProperties: false } : inner
}
