import { nameProblem } from '../../node/names.ts'
import { ACCESSES, MTA_NAMES, type Access, type MtaName } from '../../node/record.ts'
import {
  type JumpText,
  type Read,
  readAddress,
  readDirectory,
  readHost,
  readJump,
  readLabel,
  readPort,
  readService,
  readUser,
  readWord,
} from './values.ts'

/** The fields of a node that are typed as one text. */
export const TEXT_FIELDS = ['name', 'host', 'port', 'dir', 'access', 'mta', 'user', 'key', 'jump', 'jump-key', 'service'] as const
export type TextField = (typeof TEXT_FIELDS)[number]

/** What a node's fields were typed as. */
export interface NodeText extends Partial<Readonly<Record<TextField, string>>> {
  readonly address?: readonly string[]
  readonly label?: readonly string[]
  readonly sudo?: boolean
}

/** A field by the name that operators know it by. */
export type Field = TextField | 'address' | 'label' | 'sudo'

/** What is wrong with one field, and what is allowed. */
export interface Problem {
  readonly field: Field
  readonly text: string
}

/** The fields of a node, read and checked one by one; absent: nothing was said about it. */
export interface NodeFields {
  readonly name?: string
  readonly host?: string
  readonly port?: number
  readonly directory?: string
  readonly access?: Access
  readonly mta?: MtaName
  readonly user?: string
  readonly key?: string
  readonly jump?: JumpText
  readonly jumpKey?: string
  readonly service?: string
  readonly sudo?: boolean
  readonly addresses?: readonly string[]
  /** An empty value takes the label away. */
  readonly labels?: Readonly<Record<string, string>>
}

const READERS: Readonly<Record<TextField, (text: string) => Read<unknown>>> = {
  name: (text) => readName('node', text),
  host: readHost,
  port: readPort,
  dir: readDirectory,
  access: (text) => readWord(text, ACCESSES),
  mta: (text) => readWord(text, MTA_NAMES),
  user: readUser,
  key: readKey,
  jump: readJump,
  'jump-key': readKey,
  service: readService,
}

/** What the fields are called in NodeFields, where that differs. */
const PROPERTY: Partial<Record<TextField, string>> = { dir: 'directory', 'jump-key': 'jumpKey' }

/** Why a text is no value for a field, or undefined when it is one. */
export function fieldProblem(field: TextField, text: string): string | undefined {
  const read = READERS[field](text)
  return 'problem' in read ? read.problem : undefined
}

/** Reads everything that was typed; all problems at once. */
export function readFields(text: NodeText): { readonly fields: NodeFields; readonly problems: readonly Problem[] } {
  const taken: Taken = { fields: {}, problems: [] }
  const { fields, problems } = taken
  for (const field of TEXT_FIELDS) {
    const typed = text[field]
    if (typed !== undefined) take(taken, field, PROPERTY[field] ?? field, READERS[field](typed))
  }
  if (text.sudo !== undefined) fields['sudo'] = text.sudo
  if (text.address !== undefined) take(taken, 'address', 'addresses', readAddresses(text.address))
  if (text.label !== undefined) take(taken, 'label', 'labels', readLabels(text.label))
  return { fields, problems }
}

interface Taken {
  readonly fields: Record<string, unknown>
  readonly problems: Problem[]
}

/** A function of its own, and no closure: a fleet file has ten thousand nodes. */
function take({ fields, problems }: Taken, field: Field, property: string, read: Read<unknown>): void {
  if ('problem' in read) problems.push({ field, text: read.problem })
  else fields[property] = read.value
}

function readAddresses(texts: readonly string[]): Read<readonly string[]> {
  const values: string[] = []
  const problems: string[] = []
  for (const text of texts) {
    const read = readAddress(text)
    if ('problem' in read) problems.push(read.problem)
    else if (!values.includes(read.value)) values.push(read.value)
  }
  return problems.length > 0 ? { problem: problems.join('; ') } : { value: values }
}

function readLabels(texts: readonly string[]): Read<Readonly<Record<string, string>>> {
  const labels: Record<string, string> = {}
  const problems: string[] = []
  for (const text of texts) {
    const read = readLabel(text)
    if ('problem' in read) problems.push(read.problem)
    else labels[read.value.key] = read.value.value
  }
  return problems.length > 0 ? { problem: problems.join('; ') } : { value: labels }
}

function readName(kind: 'node' | 'key', text: string): Read<string> {
  const problem = nameProblem(kind, text)
  return problem === undefined ? { value: text } : { problem }
}

/** The name of a stored key, or `agent` for the ssh-agent. */
function readKey(text: string): Read<string> {
  return text === 'agent' ? { value: text } : readName('key', text)
}
