import { isSystem } from '../../mta/postfix/system.ts'
import type { Access, JumpHost, NodeRecord } from '../../node/record.ts'
import { addressProblem } from '../../mta/postfix/support.ts'
import type { NodeFields, Problem } from './fields.ts'

/** Fields that can be taken away from a node. */
export const CLEARABLE = ['port', 'user', 'key', 'jump', 'service', 'address', 'label'] as const
export type Clearable = (typeof CLEARABLE)[number]

/** What an operator can say about a node: the record without what akctl keeps for itself. */
export type NodeSpec = Omit<NodeRecord, 'id' | 'settings' | 'baseRevision' | 'baseRevisionId' | 'createdAt'>

/** What a node has before anything more is said about it. */
export function blankNode(name: string, host: string, directory: string): NodeSpec {
  return { access: 'ssh', mta: 'postfix', sudo: false, addresses: [], labels: {}, name, host, directory }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A node's spec with fields set and others taken away.
 * @param before what holds where nothing is said
 */
export function merged(before: NodeSpec, fields: NodeFields, clear?: ReadonlySet<Clearable>): NodeSpec {
  const kept = clear === undefined ? before : without(before, clear)
  const { jump, jumpKey, labels } = fields
  const after = withPlain(kept, fields)
  if (labels !== undefined) after.labels = mergedLabels(kept.labels, labels)
  const hop = mergedJump(after, jump, jumpKey)
  if (hop !== undefined) after.jump = hop
  return fitting(after, before.access, fields)
}

/**
 * The fields that a spec has as they are said; a field is never said as undefined. One by one, always in the same order: objects
 * that are spread from others have inner shapes of their own, and a fleet file of ten thousand of those takes a seventh longer.
 */
function withPlain(kept: NodeSpec, said: NodeFields): Mutable<NodeSpec> {
  const { access = kept.access, mta = kept.mta, sudo = kept.sudo, addresses = kept.addresses } = said
  const { name = kept.name, host = kept.host, directory = kept.directory } = said
  const { port = kept.port, user = kept.user, key = kept.key, service = kept.service } = said
  const after: Mutable<NodeSpec> = { access, mta, sudo, addresses, labels: kept.labels, name, host, directory }
  if (port !== undefined) after.port = port
  if (user !== undefined) after.user = user
  if (key !== undefined) after.key = key
  if (kept.jump !== undefined) after.jump = kept.jump
  if (service !== undefined) after.service = service
  return after
}

function without(before: NodeSpec, clear: ReadonlySet<Clearable>): NodeSpec {
  const entries = Object.entries(before).filter(([property]) => !clear.has(property as Clearable))
  const kept = Object.fromEntries(entries) as unknown as Mutable<NodeSpec>
  if (clear.has('address')) kept.addresses = []
  if (clear.has('label')) kept.labels = {}
  return kept
}

/**
 * What can't be together. Each problem names the field that would have to go.
 * @param said the fields that were named just now, for what a record alone does not show
 */
export function contradictions(spec: NodeSpec, said: NodeFields): readonly Problem[] {
  const problems: Problem[] = []
  const { access } = spec
  if (access !== 'ssh') {
    const text = `not for access ${access} (${access === 'local' ? 'that is this machine' : 'an agent knows no SSH login'})`
    if (access === 'local' && spec.port !== undefined) problems.push({ field: 'port', text })
    for (const field of ['user', 'key', 'jump'] as const) if (spec[field] !== undefined) problems.push({ field, text })
  }
  if (access === 'https' && spec.sudo)
    problems.push({ field: 'sudo', text: 'not for access https (an agent has its own rights)' })
  if (said.jumpKey !== undefined && spec.jump === undefined) problems.push({ field: 'jump-key', text: 'needs a jump host' })
  if (spec.mta === 'haraka' && isSystem(spec)) problems.push({ field: 'dir', text: `${spec.directory} belongs to Postfix` })
  const addresses = spec.mta === 'postfix' ? addressProblem(spec) : undefined
  if (addresses !== undefined) problems.push({ field: 'address', text: addresses })
  return problems
}

function mergedLabels(
  before: Readonly<Record<string, string>>,
  said: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const after = { ...before, ...said }
  if (!Object.values(said).includes('')) return after
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== ''))
}

function mergedJump(spec: NodeSpec, said: NodeFields['jump'], key: string | undefined): JumpHost | undefined {
  const { jump: before, user = 'root', key: own = 'agent' } = spec
  if (said !== undefined) return { user: said.user ?? user, host: said.host, port: said.port, key: key ?? before?.key ?? own }
  return before !== undefined && key !== undefined ? { ...before, key } : undefined
}

/** Another access: what belonged to the one before goes with it, unless it was named just now. */
function fitting(spec: Mutable<NodeSpec>, before: Access, said: NodeFields): NodeSpec {
  if (spec.access === before) return spec
  if (said.port === undefined) delete spec.port
  if (spec.access === 'https' && said.sudo === undefined) spec.sudo = false
  if (spec.access === 'ssh') return spec
  if (said.user === undefined) delete spec.user
  if (said.key === undefined) delete spec.key
  if (said.jump === undefined) delete spec.jump
  return spec
}
