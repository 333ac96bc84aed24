import type * as Yaml from 'yaml'
import { NO_KEY, type Tree, type TreeMap, type TreePath, isMap } from './tree.ts'

/** Scalars are read as typed, so that `on` is no boolean and a label `1.10` no number. */
export const YAML_OPTIONS = { schema: 'failsafe', merge: true, uniqueKeys: false, prettyErrors: false } as const

/** What aliases may add up to: enough for one anchor in each of 10,000 nodes, far below what would fill the memory. */
const ALIASED_VALUES = 1_000_000
/** A fleet file is four levels deep. */
const DEPTH = 20

/** A line and a column, from 1. */
export interface Position {
  readonly line: number
  readonly col: number
}

/** What is wrong with the YAML itself. */
export interface YamlProblem extends Position {
  readonly text: string
}

/** A YAML text as read by the library, which knows where things stand. */
export interface YamlSource {
  /** Absent when there are problems. */
  readonly tree?: Tree
  readonly problems: readonly YamlProblem[]
  /** Where something stands; the nearest place above it, when it is not there itself. */
  readonly locate: (path: TreePath, atKey: boolean) => Position
}

/** Reads any YAML text. What fleet files must not have (tags, a bomb of aliases, a key twice) is a problem. */
export async function readYaml(text: string): Promise<YamlSource> {
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines })
  const at = (offset: number): Position => lines.linePos(offset)
  const problems = [...document.errors, ...document.warnings].map((issue) => ({ ...at(issue.pos[0]), text: wordsOf(issue) }))
  const locate = (path: TreePath, atKey: boolean): Position => at(offsetOf(yaml, document, path, atKey))
  if (problems.length > 0) return { problems, locate }
  const reader = new TreeReader(yaml, document, (offset, message) => problems.push({ ...at(offset), text: message }))
  const tree = reader.read()
  return problems.length > 0 ? { problems, locate } : { tree, problems, locate }
}

function wordsOf({ code, message }: Yaml.YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: a fleet file is one document'
  if (code === 'TAB_AS_INDENT') return 'a tab: YAML is indented by spaces'
  return message.replace(/[.:]$/, '')
}

/** Makes plain values of the library's nodes; stops at the bounds. */
class TreeReader {
  /** By name, as far as the text has been read. (The library would look through the whole document for each alias.) */
  private readonly anchors = new Map<string, Yaml.Node>()
  private aliased = 0
  private stopped = false

  constructor(
    private readonly yaml: typeof Yaml,
    private readonly document: Yaml.Document,
    private readonly complain: (offset: number, text: string) => void,
  ) {}

  read(): Tree {
    return this.value(this.document.contents, 0, false)
  }

  private value(node: unknown, depth: number, aliased: boolean): Tree {
    const { yaml } = this
    if (this.stopped || !yaml.isNode(node)) return ''
    const offset = node.range?.[0] ?? 0
    if (depth > DEPTH) return this.stop(offset, `nested deeper than ${DEPTH} levels`)
    if (aliased && ++this.aliased > ALIASED_VALUES) {
      return this.stop(offset, `aliases add up to more than ${ALIASED_VALUES} values`)
    }
    if (yaml.isAlias(node)) {
      const target = this.anchors.get(node.source)
      if (target !== undefined) return this.value(target, depth + 1, true)
      this.complain(offset, `there is no anchor &${node.source} before this alias`)
      return ''
    }
    const { anchor }: { readonly anchor?: string } = node
    if (anchor !== undefined && !aliased) this.anchors.set(anchor, node)
    if (yaml.isSeq(node)) return node.items.map((item) => this.value(item, depth + 1, aliased))
    if (yaml.isMap(node)) return this.map(node, depth, aliased)
    return yaml.isScalar(node) ? textOf(node) : ''
  }

  private map(node: Yaml.YAMLMap, depth: number, aliased: boolean): TreeMap {
    const own: TreeMap = {}
    const merges: { readonly offset: number; readonly from: Tree }[] = []
    for (const pair of node.items) {
      const { key } = pair
      const offset = this.yaml.isNode(key) ? (key.range?.[0] ?? 0) : 0
      if (isMergeKey(this.yaml, key)) merges.push({ offset, from: this.value(pair.value, depth + 1, aliased) })
      else if (!this.yaml.isScalar(key)) this.complain(offset, 'a key must be a word')
      else if (textOf(key) === NO_KEY) this.complain(offset, `${NO_KEY} is no key`)
      else if (Object.hasOwn(own, textOf(key))) this.complain(offset, `the key ${JSON.stringify(textOf(key))} is here twice`)
      else own[textOf(key)] = this.value(pair.value, depth + 1, aliased)
    }
    for (const { offset, from } of merges) this.merge(own, offset, from)
    return own
  }

  /** What `<<` brings; a key that is there itself wins, then the first of several. */
  private merge(own: TreeMap, offset: number, from: Tree): void {
    for (const each of Array.isArray(from) ? from : [from]) {
      if (!isMap(each)) {
        if (!this.stopped) this.complain(offset, '<< takes an alias of a mapping, or a list of such')
        return
      }
      for (const [name, content] of Object.entries(each)) if (!Object.hasOwn(own, name)) own[name] = content
    }
  }

  private stop(offset: number, text: string): Tree {
    this.stopped = true
    this.complain(offset, text)
    return ''
  }
}

/** A scalar as its text, whatever made of it. */
function textOf({ value, source }: Yaml.Scalar): string {
  return typeof value === 'string' ? value : (source ?? '')
}

/** Whether a key is `<<`, unquoted. */
export function isMergeKey(yaml: typeof Yaml, key: unknown): boolean {
  return yaml.isScalar(key) && key.source === '<<' && key.type === 'PLAIN'
}

function offsetOf(yaml: typeof Yaml, document: Yaml.Document, path: TreePath, atKey: boolean): number {
  let node: unknown = document.contents
  let offset = yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1
    const found = nodeBelow(yaml, document, node, step)
    if (found === undefined) return offset
    const { key, value } = found
    const place = last && !atKey && yaml.isNode(value) && !isEmpty(yaml, value) ? value : (key ?? value)
    offset = yaml.isNode(place) ? (place.range?.[0] ?? offset) : offset
    node = value
  }
  return offset
}

/** Where a value is left out its key is shown. */
function isEmpty(yaml: typeof Yaml, node: unknown): boolean {
  return yaml.isScalar(node) && node.source === '' && node.type === 'PLAIN'
}

function nodeBelow(
  yaml: typeof Yaml,
  document: Yaml.Document,
  parent: unknown,
  step: string,
): { readonly key?: unknown; readonly value: unknown } | undefined {
  const node = yaml.isAlias(parent) ? parent.resolve(document) : parent
  if (yaml.isSeq(node)) return { value: node.items[Number(step)] }
  if (!yaml.isMap(node)) return undefined
  const own = node.items.find(({ key }) => yaml.isScalar(key) && !isMergeKey(yaml, key) && textOf(key) === step)
  if (own !== undefined) return own
  for (const { key, value } of node.items) {
    if (!isMergeKey(yaml, key)) continue
    for (const source of yaml.isSeq(value) ? value.items : [value]) {
      const found = nodeBelow(yaml, document, source, step)
      if (found !== undefined) return found
    }
  }
  return undefined
}
