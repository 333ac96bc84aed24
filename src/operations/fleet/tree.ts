/** What a YAML text holds when every scalar is the text that stands there: `on`, `30s` and `1.10` are read as typed. */
export type Tree = string | Tree[] | TreeMap

/** A mapping. Its keys are anybody's: what may not be there is looked up by `childOf`. */
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

/** The one key that no object can hold as it holds others; no name of anything. */
export const NO_KEY = '__proto__'

/** What stands under a key; undefined when nothing does. */
export function childOf(map: TreeMap, key: string): Tree | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/** Whether a value is a mapping. */
export function isMap(tree: Tree): tree is TreeMap {
  return typeof tree === 'object' && !Array.isArray(tree)
}
