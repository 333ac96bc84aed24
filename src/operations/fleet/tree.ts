/** What a YAML text holds when every scalar is the text that stands there: `on`, `30s` and `1.10` are read as typed. */
export type Tree = string | Tree[] | TreeMap

/** A mapping; made without a prototype, as its keys are anybody's. */
export interface TreeMap {
  [key: string]: Tree
}

/** The way to a place in a file, key by key. */
export type TreePath = readonly string[]

/** What is wrong at one place of a file, and what is allowed there. */
export interface FileProblem {
  readonly path: TreePath
  /** True when it is the key that is wrong, not its value. */
  readonly atKey?: boolean
  readonly text: string
  /** True when it names a thing the profile does not have. */
  readonly unknown?: boolean
}

/** A mapping without entries. */
export function newMap(): TreeMap {
  return Object.create(null) as TreeMap
}

/** Whether a value is a mapping. */
export function isMap(tree: Tree): tree is TreeMap {
  return typeof tree === 'object' && !Array.isArray(tree)
}
