import * as v from 'valibot'
import { StoreError } from '../outcome/errors.ts'

const UPGRADE = 'upgrade akctl on this machine if a newer one wrote the file; nothing was changed'

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
  // The content itself: schemas here only check, and valibot leaves out keys such as "constructor" from what it returns.
  if (checked.success) return content as T
  const foreign = checked.issues.find(isUnknown)
  if (isNewer(content)) throw new StoreError(`${path} was written by a newer akctl: its schema is newer`, { hints: [UPGRADE] })
  if (foreign !== undefined) throw strange(path, foreign)
  throw new StoreError(`${path} is damaged: ${describe(checked.issues[0])}`, { hints: remedy() })
}

/**
 * The bytes to store for a value.
 * @param indent spaces a level; 0: all of it on one line
 * @throws Error (a bug of the caller) when the value could not be read again
 */
export function encode<T>(schema: v.GenericSchema<unknown, T>, value: T, name: string, indent = 1): { bytes: Buffer; value: T } {
  const text = JSON.stringify(value, undefined, indent)
  const stored: unknown = JSON.parse(text)
  const checked = v.safeParse(schema, stored)
  if (!checked.success) throw new Error(`${name} would not be readable any more: ${describe(checked.issues[0])}`)
  return { bytes: Buffer.from(`${text}\n`), value: stored as T }
}

function strange(path: string, issue: v.BaseIssue<unknown>): StoreError {
  const what = `${v.getDotPath(issue) ?? ''}${issue.type === 'picklist' ? ` is ${issue.received}` : ''}`
  return new StoreError(`${path} holds something that this akctl does not know: ${what}`, {
    hints: [UPGRADE, 'if the file was edited by hand: correct it'],
  })
}

/** A key that is not in the schema, or a word that is not in a list: what a later release would add. */
function isUnknown(issue: v.BaseIssue<unknown>): boolean {
  if (issue.type === 'picklist') return typeof issue.input === 'string'
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
