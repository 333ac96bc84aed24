import * as v from 'valibot'
import { StoreError } from '../outcome/errors.ts'

/** The newest form of the store's files that this akctl reads and writes. */
const SCHEMA = 1

/**
 * The value in a JSON file of the store.
 * @param remedy what to do when the file is damaged
 * @throws StoreError when it is damaged or of a newer akctl; it is never taken for empty
 */
export function decode<T>(schema: v.GenericSchema<unknown, T>, bytes: Buffer, path: string, remedy: () => readonly string[]): T {
  let content: unknown
  try {
    content = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new StoreError(`${path} is damaged: ${error instanceof Error ? error.message : 'no JSON'}`, { hints: remedy() })
  }
  const checked = v.safeParse(schema, content)
  if (checked.success) return checked.output
  const foreign = checked.issues.find(isUnknownKey)
  if (isNewer(content)) throw newer(path, 'its schema is newer')
  if (foreign !== undefined) throw newer(path, `this akctl does not know its key ${v.getDotPath(foreign) ?? ''}`)
  throw new StoreError(`${path} is damaged: ${describe(checked.issues[0])}`, { hints: remedy() })
}

/**
 * The bytes to store for a value.
 * @throws Error (a bug of the caller) when the value could not be read again
 */
export function encode<T>(schema: v.GenericSchema<unknown, T>, value: T, name: string): { bytes: Buffer; value: T } {
  const text = JSON.stringify(value, undefined, 1)
  const checked = v.safeParse(schema, JSON.parse(text))
  if (!checked.success) throw new Error(`${name} would not be readable any more: ${describe(checked.issues[0])}`)
  return { bytes: Buffer.from(`${text}\n`), value: checked.output }
}

function newer(path: string, why: string): StoreError {
  return new StoreError(`${path} was written by a newer akctl: ${why}`, {
    hints: ['upgrade akctl on this machine; nothing was changed'],
  })
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never'
}

function isNewer(content: unknown): boolean {
  if (typeof content !== 'object' || content === null || !('schema' in content)) return false
  return typeof content.schema === 'number' && content.schema > SCHEMA
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `${path}: ${issue.message}`
}
