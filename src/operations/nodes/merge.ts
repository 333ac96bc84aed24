import { isSystem } from '../../mta/postfix/system.ts'
import type { Access, JumpHost, NodeRecord } from '../../node/record.ts'
import { addressProblem } from '../../mta/postfix/support.ts'
import type { NodeFields, Problem } from './fields.ts'

/** Fields that can be taken away from a node. */
export const CLEARABLE = ['port', 'user', 'key', 'jump', 'service', 'address', 'label'] as const
export type Clearable = (typeof CLEARABLE)[number]

/** What an operator can say about a node: the record without what akctl keeps for itself. */
export type NodeSpec = Omit<NodeRecord, 'id' | 'settings' | 'baseRevision' | 'baseRevisionId' | 'createdAt'>

/** What a node has before anything is said about it. */
export const BLANK = { access: 'ssh', mta: 'postfix', sudo: false, addresses: [], labels: {} } as const

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A node's spec with fields set and others taken away.
 * @param before what holds where nothing is said
 */
export function merged(before: NodeSpec, fields: NodeFields, clear: ReadonlySet<Clearable> = new Set()): NodeSpec {
  const after: Mutable<NodeSpec> = clear.size === 0 ? { ...before } : without(before, clear)
  if (clear.has('address')) after.addresses = []
  if (clear.has('label')) after.labels = {}
  const { jump, jumpKey, labels, ...plain } = fields
  Object.assign(after, plain)
  if (labels !== undefined) after.labels = mergedLabels(after.labels, labels)
  const hop = mergedJump(after, jump, jumpKey)
  if (hop !== undefined) after.jump = hop
  return fitting(after, before.access, fields)
}

function without(before: NodeSpec, clear: ReadonlySet<Clearable>): NodeSpec {
  const kept = Object.entries(before).filter(([property]) => !clear.has(property as Clearable))
  return Object.fromEntries(kept) as unknown as NodeSpec
}

/**
 * What can't be together. Each problem names the field that would have to go.
 * @param said the fields that were named just now, for what a record alone does not show
 */
export function contradictions(spec: NodeSpec, said: NodeFields): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = (field: Problem['field'], text: string): void => void problems.push({ field, text })
  const { access } = spec
  if (access !== 'ssh') {
    const why = `not for access ${access} (${access === 'local' ? 'that is this machine' : 'an agent knows no SSH login'})`
    if (access === 'local' && spec.port !== undefined) refuse('port', why)
    if (spec.user !== undefined) refuse('user', why)
    if (spec.key !== undefined) refuse('key', why)
    if (spec.jump !== undefined) refuse('jump', why)
  }
  if (access === 'https' && spec.sudo) refuse('sudo', 'not for access https (an agent has its own rights)')
  if (said.jumpKey !== undefined && spec.jump === undefined) refuse('jump-key', 'needs a jump host')
  if (spec.mta === 'haraka' && isSystem(spec)) refuse('dir', `${spec.directory} belongs to Postfix`)
  const addresses = spec.mta === 'postfix' ? addressProblem(spec) : undefined
  if (addresses !== undefined) refuse('address', addresses)
  return problems
}

function mergedLabels(
  before: Readonly<Record<string, string>>,
  said: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...before, ...said }).filter(([, value]) => value !== ''))
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
