import * as Flags from '@oclif/core/flags'
import { ACCESSES, MTA_NAMES } from '../node/record.ts'
import type { NodeText, Problem, TextField } from '../operations/nodes/fields.ts'
import { UsageError } from '../outcome/errors.ts'

/** The fields of a node's record. All are texts: what is wrong with them is said all at once. None has a variable. */
export const nodeFieldFlags = {
  host: Flags.string({ summary: 'host name or address' }),
  dir: Flags.string({ summary: 'installation directory on the node' }),
  access: Flags.string({ summary: `how the node is reached: ${ACCESSES.join(', ')} (this machine); ssh when left out` }),
  port: Flags.string({ summary: 'port of the SSH server (22) or agent (4433)' }),
  user: Flags.string({ summary: 'login name; root when left out' }),
  key: Flags.string({ summary: 'stored key to log in with, or agent for the ssh-agent' }),
  sudo: Flags.boolean({ summary: 'become root on the node by sudo without a password', allowNo: true }),
  jump: Flags.string({ summary: 'host to go through: user@host:port' }),
  'jump-key': Flags.string({ summary: "stored key for the jump host, or agent; the node's own when left out" }),
  mta: Flags.string({ summary: `mail server: ${MTA_NAMES.join(', ')}; postfix when left out` }),
  service: Flags.string({ summary: 'systemd service that runs the mail server; without it, akctl starts the process itself' }),
  address: Flags.string({ summary: 'address the node sends from (several times)', multiple: true, multipleNonGreedy: true }),
  label: Flags.string({ summary: 'label for selecting: key=value (several times)', multiple: true, multipleNonGreedy: true }),
}

/** Labels of `nodes edit`, which can be taken away too. */
export const editLabelFlag = Flags.string({
  summary: 'set a label: key=value; take it away: key= (several times)',
  multiple: true,
  multipleNonGreedy: true,
})

/** The parsed flags of a node's fields. */
export type NodeFlags = Readonly<Record<string, unknown>>

const NAMES = ['host', 'dir', 'access', 'port', 'user', 'key', 'jump', 'jump-key', 'mta', 'service'] as const

/** What was typed about a node. @param name where the name comes from: an argument, or `--name` */
export function nodeText(flags: NodeFlags, name: string | undefined): NodeText {
  const given = NAMES.flatMap((field) => (typeof flags[field] === 'string' ? [[field, flags[field]] as const] : []))
  const list = (field: string) => (Array.isArray(flags[field]) ? { [field]: flags[field] as string[] } : {})
  return {
    ...(Object.fromEntries(given) as Partial<Record<TextField, string>>),
    ...(name === undefined ? {} : { name }),
    ...list('address'),
    ...list('label'),
    ...(typeof flags['sudo'] === 'boolean' ? { sudo: flags['sudo'] } : {}),
  }
}

/**
 * Refuses a command line for all that is wrong with it.
 * @param nameLabel what the name is called there: `NAME`, `--name`
 */
export function refuseFields(problems: readonly Problem[], nameLabel: string): never {
  const lines = problems.map(({ field, text }) => `${field === 'name' ? nameLabel : `--${field}`}: ${text}`)
  const message = lines.length === 1 ? lines : [`${lines.length} things are wrong, and nothing was done:`, ...lines]
  throw new UsageError(message.join('\n'))
}
