import type * as v from 'valibot'

/** The JSON form of one result type; `data` is the command's own result, `node` that of each node. */
export interface ResultSchema {
  /** What it is, for who reads the schema file. */
  readonly title: string
  readonly data?: v.GenericSchema
  readonly node?: v.GenericSchema
}
