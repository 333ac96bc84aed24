import type * as Yaml from 'yaml'
import { findSetting } from '../../node/settings.ts'
import { childOf, isMap, type Tree, type TreeMap } from './tree.ts'
import { isMergeKey, YAML_OPTIONS } from './yaml.ts'

/** What YAML's usual types take for something else than a text: quoted, for the sake of other programs. */
const NO_TEXT =
  /^(?:~|null|true|false|yes|no|on|off|[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?|0[xo][\da-f]+|[-+]?\.(?:inf|nan)|\d{4}-\d\d?-\d\d?)$/i
/** Fields whose values are no texts to other programs either. */
const UNQUOTED = new Set(['version', 'port', 'sudo'])

/**
 * A file's text with its content changed from one tree to another: comments, order and everything that stays the same
 * are kept.
 * @param text the file; empty for a new one
 * @param has what it says
 * @param wants what it is to say
 */
export async function rewritten(text: string, has: TreeMap, wants: TreeMap): Promise<string> {
  const yaml = await import('yaml')
  const document = yaml.parseDocument(text, YAML_OPTIONS)
  if (!yaml.isMap(document.contents)) document.contents = document.createNode({}) as unknown as typeof document.contents
  const root = document.contents as unknown as Yaml.YAMLMap
  // An empty section is written only where there is one; a section that the file leaves out is one it says nothing of.
  const there = pick(has, (key) => root.has(key))
  const wanted = pick(wants, (key, value) => root.has(key) || key === 'nodes' || !isEmpty(value))
  new Rewriter(yaml, document).update(root, there, wanted, 0)
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

/** Changes a document so that it says something else. */
class Rewriter {
  constructor(
    private readonly yaml: typeof Yaml,
    private readonly document: Yaml.Document,
  ) {}

  update(map: Yaml.YAMLMap, has: TreeMap, wants: TreeMap, depth: number): void {
    for (const key of Object.keys(has)) if (!Object.hasOwn(wants, key)) map.delete(key)
    for (const [key, value] of Object.entries(wants)) {
      const before = childOf(has, key)
      if (before === undefined || !same(before, value)) this.set(map, key, before, value, depth)
    }
  }

  private set(map: Yaml.YAMLMap, key: string, before: Tree | undefined, value: Tree, depth: number): void {
    const { yaml } = this
    const there = map.get(key, true) as unknown
    if (isMap(value) && before !== undefined && isMap(before) && yaml.isMap(there) && !this.sharesContent(there)) {
      this.update(there, before, value, depth + 1)
    } else if (typeof value === 'string' && yaml.isScalar(there)) {
      there.value = value // its comment stays
      this.quote(there, key, value)
    } else {
      const pair = this.document.createPair<Yaml.Scalar>(key, this.node(value, key))
      if (depth === 0 && map.items.length > 0) pair.key.spaceBefore = true
      if (map.has(key)) map.set(key, pair.value)
      else map.add(pair)
    }
  }

  /** A mapping that takes something from elsewhere is written out when it changes: an anchor's content is not only its. */
  private sharesContent(map: Yaml.YAMLMap): boolean {
    return map.items.some(({ key }) => isMergeKey(this.yaml, key))
  }

  private node(value: Tree, key: string): Yaml.Node {
    const { yaml } = this
    if (typeof value === 'string') return this.quote(new yaml.Scalar(value), key, value)
    if (Array.isArray(value)) {
      const list = new yaml.YAMLSeq()
      list.flow = true
      for (const item of value) list.items.push(this.node(item, key))
      return list
    }
    const map = new yaml.YAMLMap()
    for (const [name, item] of Object.entries(value)) map.items.push(this.document.createPair(name, this.node(item, name)))
    return map
  }

  private quote(scalar: Yaml.Scalar, key: string, value: string): Yaml.Scalar {
    const usual = UNQUOTED.has(key) || findSetting(key) !== undefined
    scalar.type = NO_TEXT.test(value) && !usual ? 'QUOTE_DOUBLE' : 'PLAIN'
    return scalar
  }
}

function same(a: Tree, b: Tree): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  const [one, other] = [Object.entries(a), Object.entries(b)]
  return (
    Array.isArray(a) === Array.isArray(b) &&
    one.length === other.length &&
    one.every(([key, value]) => {
      const match = childOf(b as TreeMap, key)
      return match !== undefined && same(value, match)
    })
  )
}

function pick(map: TreeMap, test: (key: string, value: Tree) => boolean): TreeMap {
  const picked: TreeMap = {}
  for (const [key, value] of Object.entries(map)) if (test(key, value)) picked[key] = value
  return picked
}

function isEmpty(value: Tree): boolean {
  return isMap(value) && Object.keys(value).length === 0
}
