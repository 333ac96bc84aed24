import { nearNames } from '../node/near.ts'
import type { NodeRecord } from '../node/record.ts'
import { NotFoundError, UsageError } from '../outcome/errors.ts'
import { foldNames } from './node-set/fold.ts'
import { type NodeNames, readNodeSets, type SetSources } from './node-set/node-set.ts'
import { pathOf, termsOf } from './node-set/terms.ts'
import { parseSelector } from './selector.ts'

/** Which nodes were asked for, as typed. */
export interface Selection {
  /** Node sets: names or ids, `mx[01-40]`, `@group`, and what joins them. */
  readonly names?: readonly string[]
  /** A label selector: `role=relay,env in (prod,test)`. */
  readonly selector?: string | undefined
  /** Node sets to leave out. */
  readonly exclude?: readonly string[] | undefined
  readonly all?: boolean | undefined
  /** Only so many of them, the first. */
  readonly pick?: number | undefined
}

/** A profile without groups, and no files. */
const NO_SOURCES: SetSources = {
  groups: new Map(),
  text: (source) => {
    throw new Error(`${source} was not read`)
  },
}

/** Whether anything was selected, or left out, in words. */
export function isSelective({ names = [], selector, exclude = [], all = false, pick }: Selection): boolean {
  return names.length > 0 || selector !== undefined || exclude.length > 0 || all || pick !== undefined
}

/** What is selected when nothing was named: `all` for lists, `none` (a usage error) for verbs that change or connect. */
export type Otherwise = 'all' | 'none'

/** More unknown names than this are told folded, and nobody guesses what was meant. */
const SINGLY = 5

/**
 * The nodes of a selection, each once: in the order typed when names were given, else in the profile's. None where files are
 * named, and nothing else, and no name is in them: a run that went well leaves such a file for the next one.
 * @throws {@link UsageError} when nothing was selected, or two ways of selecting were mixed
 * @throws {@link NotFoundError} when any name is unknown (all of them named) or nothing matches
 */
export function selectNodes(
  nodes: readonly NodeRecord[],
  selection: Selection,
  otherwise: Otherwise,
  sources: SetSources = NO_SOURCES,
): readonly NodeRecord[] {
  const { names = [], selector, exclude = [], all = false, pick = Infinity } = selection
  refuseMixed(names.length > 0, selector !== undefined, all)
  const index = new NodeIndex(nodes)
  const nameOf = (typed: string): string => index.find(typed)?.name ?? typed
  const named = readNodeSets(names, sources, nameOf)
  const excluded = readNodeSets(exclude, sources, nameOf)
  const unknown = [...index.unknown(named), ...index.unknown(excluded)]
  if (unknown.length > 0) throw unknownNodes(unknown, nodes)

  if (names.length === 0 && selector === undefined && !all && otherwise === 'none') throw nothingSelected()
  const out = new Set(excluded.names.map((name) => index.find(name)?.id))
  const matches = selector === undefined ? () => true : parseSelector(selector)
  const wanted = names.length > 0 ? index.findAll(named.names) : nodes.filter(({ labels }) => matches(labels))
  const selected = wanted.filter((node) => !out.has(node.id)).slice(0, pick)
  if (selected.length > 0 || !isSelective(selection)) return selected
  if (named.names.length === 0 && names.length > 0 && names.every(isFiles)) return []
  throw nothingMatched(nodes, selection)
}

/** Not stdin: what is piped in is empty when the command before has failed. */
function isFiles(set: string): boolean {
  return termsOf(set).every(({ operand, kind, operator }) => operator === ',' && kind === 'file' && pathOf(operand) !== undefined)
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

  /** The names of node sets that are of no node. */
  unknown({ names, without }: NodeNames): readonly string[] {
    return [...names, ...without].filter((name) => !this.byName.has(name))
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
  const { selector, names = [] } = selection
  if (nodes.length === 0) {
    return new NotFoundError('this profile has no nodes yet', {
      hints: ['register one: akctl nodes create NAME --host HOST --dir DIR'],
    })
  }
  const set = names.length > 0 ? `nothing is left of ${names.join(' ')}` : 'everything selected is excluded'
  const what = selector === undefined ? set : `no node matches -l '${selector}'`
  return new NotFoundError(what, { hints: ['akctl nodes list --no-status shows nodes and labels'] })
}

function unknownNodes(unknown: readonly string[], nodes: readonly NodeRecord[]): NotFoundError {
  const names = [...new Set(unknown)]
  const listed = names.length > SINGLY ? foldNames(names) : names.join(', ')
  const all = nodes.map(({ name }) => name)
  const near = names
    .slice(0, SINGLY)
    .flatMap((name) => nearNames(name, all).map((meant) => `did you mean ${meant} (for ${name})?`))
  const what = names.length === 1 ? 'no such node' : 'no such nodes'
  return new NotFoundError(`${what}: ${listed}; nothing was done on any node`, {
    hints: [...near, 'akctl nodes list --no-status shows the nodes of this profile'],
  })
}
