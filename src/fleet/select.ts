import { nearNames } from '../node/near.ts'
import type { NodeRecord } from '../node/record.ts'
import { NotFoundError, UsageError } from '../outcome/errors.ts'
import { parseSelector } from './selector.ts'

/** Which nodes were asked for, as typed. */
export interface Selection {
  /** Names or ids. */
  readonly names?: readonly string[]
  /** A label selector: `role=relay,env!=prod`. */
  readonly selector?: string | undefined
  /** Names or ids to leave out; an element may hold several, separated by commas. */
  readonly exclude?: readonly string[] | undefined
  readonly all?: boolean | undefined
}

/** What is selected when nothing was named: `all` for lists, `none` (a usage error) for verbs that change or connect. */
export type Otherwise = 'all' | 'none'

/**
 * The nodes of a selection, each once: in the order typed when names were given, else in the profile's.
 * @throws {@link UsageError} when nothing was selected, or two ways of selecting were mixed
 * @throws {@link NotFoundError} when any name is unknown (all of them named) or nothing matches
 */
export function selectNodes(nodes: readonly NodeRecord[], selection: Selection, otherwise: Otherwise): readonly NodeRecord[] {
  const { names = [], selector, exclude = [], all = false } = selection
  refuseMixed(names.length > 0, selector !== undefined, all)
  const index = new NodeIndex(nodes)
  const excluded = exclude.flatMap((text) => text.split(',')).map((name) => name.trim())
  const unknown = [...names, ...excluded].filter((name) => index.find(name) === undefined)
  if (unknown.length > 0) throw unknownNodes(unknown, nodes)

  if (names.length === 0 && selector === undefined && !all && otherwise === 'none') throw nothingSelected()
  const out = new Set(excluded.map((name) => index.find(name)?.id))
  const matches = selector === undefined ? () => true : parseSelector(selector)
  const wanted = names.length > 0 ? index.findAll(names) : nodes.filter((node) => matches(node.labels))
  const selected = wanted.filter((node) => !out.has(node.id))
  const asked = names.length > 0 || selector !== undefined || all || exclude.length > 0
  if (selected.length === 0 && asked) throw nothingMatched(nodes, selection)
  return selected
}

/**
 * The one node of a name or id.
 * @throws {@link NotFoundError} with the names that are near
 */
export function findNode(nodes: readonly NodeRecord[], name: string): NodeRecord {
  const node = new NodeIndex(nodes).find(name)
  if (node === undefined) throw unknownNodes([name], nodes)
  return node
}

/** Nodes by name and id. Names are never all digits, so neither hides the other. */
class NodeIndex {
  private readonly byName: ReadonlyMap<string, NodeRecord>

  constructor(nodes: readonly NodeRecord[]) {
    this.byName = new Map(
      nodes.flatMap((node) => [
        [node.name, node],
        [String(node.id), node],
      ]),
    )
  }

  find(name: string): NodeRecord | undefined {
    return this.byName.get(name)
  }

  findAll(names: readonly string[]): readonly NodeRecord[] {
    return [...new Set(names.flatMap((name) => this.find(name) ?? []))]
  }
}

function refuseMixed(...ways: readonly boolean[]): void {
  if (ways.filter(Boolean).length > 1) {
    throw new UsageError('nodes can be selected in one way at a time: by name, by -l, or by --all', {
      hints: ['narrow any of them by --exclude NODE,NODE'],
    })
  }
}

function nothingSelected(): UsageError {
  return new UsageError('no node selected', {
    hints: ["name nodes, or give -l 'key=value', or --all", 'akctl nodes list --no-status shows the nodes of this profile'],
  })
}

function nothingMatched(nodes: readonly NodeRecord[], selection: Selection): NotFoundError {
  const { selector } = selection
  if (nodes.length === 0) {
    return new NotFoundError('this profile has no nodes yet', {
      hints: ['register one: akctl nodes create NAME --host HOST --dir DIR'],
    })
  }
  const what = selector === undefined ? 'everything selected is excluded' : `no node matches -l '${selector}'`
  return new NotFoundError(what, { hints: ['akctl nodes list --no-status shows nodes and labels'] })
}

function unknownNodes(unknown: readonly string[], nodes: readonly NodeRecord[]): NotFoundError {
  const names = [...new Set(unknown)]
  const all = nodes.map(({ name }) => name)
  const near = names.flatMap((name) => nearNames(name, all).map((meant) => `did you mean ${meant} (for ${name})?`))
  const what = names.length === 1 ? 'no such node' : 'no such nodes'
  return new NotFoundError(`${what}: ${names.join(', ')}; nothing was done on any node`, {
    hints: [...near, 'akctl nodes list --no-status shows the nodes of this profile'],
  })
}
