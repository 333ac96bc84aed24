import { ACCESSES, MTA_NAMES } from '../../node/record.ts'
import type { Field } from '../nodes/fields.ts'

/** What a field of the file may hold: a text, a switch, a list of texts, or a mapping. */
export type FieldKind = 'text' | 'switch' | 'texts' | 'map'

/** A field of the fleet file: what checks it, and what its JSON Schema says. */
export interface FieldDef {
  readonly kind: FieldKind
  readonly what: string
  /** The field of a node's record by the name that `nodes create` knows it by; absent for settings. */
  readonly field?: Field
  readonly words?: readonly string[]
}

/** The version of the file's form that this akctl reads and writes. */
export const FILE_VERSION = '1'

/** The sections of a fleet file, in the order that export writes them in. */
export const SECTIONS: Readonly<Record<'version' | 'defaults' | 'groups' | 'nodes', FieldDef>> = {
  version: { kind: 'text', what: 'version of the form of this file' },
  defaults: { kind: 'map', what: "the profile's setting defaults, all of them; left alone when the section is not there" },
  groups: { kind: 'map', what: 'named sets of nodes, such as eu: mx[01-40]!mx07; left alone when the section is not there' },
  nodes: { kind: 'map', what: 'the nodes by name; left alone when the section is not there' },
}

/** The fields of a node, in the order that export writes them in. */
export const NODE_FIELDS: Readonly<Record<string, FieldDef>> = {
  host: { kind: 'text', field: 'host', what: 'host name or address; not needed with access local' },
  port: { kind: 'text', field: 'port', what: 'port of the SSH server (22) or agent (4433)' },
  dir: { kind: 'text', field: 'dir', what: 'installation directory on the node' },
  access: { kind: 'text', field: 'access', words: ACCESSES, what: 'how the node is reached; ssh when left out' },
  user: { kind: 'text', field: 'user', what: 'login name; root when left out' },
  key: { kind: 'text', field: 'key', what: 'name of a stored key, or agent for the ssh-agent; agent when left out' },
  sudo: { kind: 'switch', field: 'sudo', what: 'become root on the node by sudo without a password' },
  jump: { kind: 'text', field: 'jump', what: 'host to go through: user@host:port' },
  'jump-key': {
    kind: 'text',
    field: 'jump-key',
    what: "name of a stored key for the jump host, or agent; the node's own when left out",
  },
  mta: { kind: 'text', field: 'mta', words: MTA_NAMES, what: 'mail server; postfix when left out' },
  service: { kind: 'text', field: 'service', what: 'systemd service that runs the mail server' },
  addresses: { kind: 'texts', field: 'address', what: 'addresses the node sends from' },
  labels: { kind: 'map', field: 'label', what: 'labels for selecting: key: value' },
  settings: { kind: 'map', what: 'settings of the node itself, over the defaults' },
}
