import { NO_KEY, type Tree, type TreeMap } from './tree.ts'

// The YAML library takes 3 s for a file of 10,000 nodes. Nearly every file is written in a small part of YAML, which this
// reads in a tenth of a second: block mappings, lists of plain words, plain and simply quoted scalars, comments. It
// never guesses: at anything else it gives up, and the library reads the file. A test holds the two together.

const ENTRY = /^( *)([A-Za-z0-9_][A-Za-z0-9._/-]*):(?: +(\S.*))?$/
const ITEM = /^( *)- +(\S.*)$/
const PLAIN = /^[A-Za-z0-9_/][A-Za-z0-9_/.+=@,:!&^*%[\]-]*(?: [A-Za-z0-9_/(][A-Za-z0-9_/.+=@,:()[\]-]*)*$/
const QUOTED = /^(?:"([^"\\]*)"|'([^']*)')$/
const FLOW_ITEM = /^[A-Za-z0-9_/][A-Za-z0-9_/.+=@:-]*$/
/** What would end a plain scalar, or make a mapping of it. */
const COLON = /:( |$)/

interface Open {
  readonly indent: number
  readonly node: TreeMap | Tree[]
}

/** @returns the content of a text; undefined when it is not all in the small part of YAML that is read here */
export function plainTree(text: string): TreeMap | undefined {
  const root: TreeMap = {}
  const reader = new PlainReader(root)
  for (let from = 0, first = true; from < text.length;) {
    const newline = text.indexOf('\n', from)
    const end = newline < 0 ? text.length : newline
    const line = withoutComment(text.slice(from, end))
    from = end + 1
    if (line === '') continue
    const begin = first && line === '---'
    first = false
    if (!begin && !reader.take(line)) return undefined
  }
  return Object.keys(root).length === 0 ? undefined : root
}

/** A line without its comment and the spaces at its end; what is quoted and holds a ` #` is cut, and then is no scalar. */
function withoutComment(line: string): string {
  if (line.startsWith('#')) return ''
  const comment = line.indexOf(' #')
  return withoutEnd(comment < 0 ? line : line.slice(0, comment))
}

class PlainReader {
  private readonly stack: Open[]
  /** A key without a value so far: what is indented below it is its value. */
  private pending: { readonly map: TreeMap; readonly key: string; readonly indent: number } | undefined

  constructor(root: TreeMap) {
    this.stack = [{ indent: 0, node: root }]
  }

  /** Takes one line with content. @returns false when it is none of the known ones, or not where it can be */
  take(line: string): boolean {
    const entry = ENTRY.exec(line)
    if (entry !== null) return this.entry(entry[1]?.length ?? 0, entry[2] ?? '', entry[3])
    const item = ITEM.exec(line)
    return item !== null && this.item(item[1]?.length ?? 0, item[2] ?? '')
  }

  private entry(indent: number, key: string, text: string | undefined): boolean {
    const node = this.container(indent, () => ({}))
    if (node === undefined || Array.isArray(node) || Object.hasOwn(node, key) || key === NO_KEY) return false
    const value = text === undefined ? '' : valueOf(text)
    if (value === undefined) return false
    node[key] = value
    this.pending = text === undefined ? { map: node, key, indent } : undefined
    return true
  }

  private item(indent: number, text: string): boolean {
    const node = this.container(indent, () => [])
    const value = scalarOf(text)
    if (!Array.isArray(node) || value === undefined) return false
    node.push(value)
    return true
  }

  /** What a line of this indentation belongs to; a new one of the pending key's when it is indented below that. */
  private container(indent: number, make: () => TreeMap | Tree[]): TreeMap | Tree[] | undefined {
    const { pending } = this
    this.pending = undefined
    if (pending !== undefined && indent > pending.indent) {
      const node = make()
      pending.map[pending.key] = node
      this.stack.push({ indent, node })
      return node
    }
    while ((this.stack.at(-1)?.indent ?? 0) > indent) this.stack.pop()
    const top = this.stack.at(-1)
    return top?.indent === indent ? top.node : undefined
  }
}

function valueOf(text: string): Tree | undefined {
  if (text === '{}') return {}
  if (!text.startsWith('[')) return scalarOf(text)
  if (!text.endsWith(']')) return undefined
  const inner = text.slice(1, -1)
  const items = stripped(inner) === '' ? [] : inner.split(',').map(stripped)
  return items.every((item) => FLOW_ITEM.test(item) && !item.endsWith(':')) ? items : undefined
}

/** A text without the spaces at both ends; other white space is content. */
function stripped(text: string): string {
  let start = 0
  while (text[start] === ' ') start++
  return withoutEnd(text.slice(start))
}

function withoutEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === ' ') end--
  return text.slice(0, end)
}

function scalarOf(text: string): string | undefined {
  if (PLAIN.test(text)) return COLON.test(text) ? undefined : text
  const quoted = QUOTED.exec(text)
  return quoted === null ? undefined : (quoted[1] ?? quoted[2])
}
