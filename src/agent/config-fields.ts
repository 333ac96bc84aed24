import { createHash } from 'node:crypto'
import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname } from 'node:path'

/** Where to listen. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The fields of node.json, and what may be in them. */
export const FIELDS = {
  LISTEN: { needed: true, allowed: 'an address and a port: "203.0.113.5:4433", "[2001:db8::5]:4433"' },
  CERT_PATH: { needed: true, allowed: 'the file of the certificate (PEM); relative to the folder of node.json' },
  KEYFILE_PATH: { needed: true, allowed: "the file of the certificate's key (PEM); relative to the folder of node.json" },
  APIKEY: {
    needed: true,
    allowed: '"sha256:" and 64 hex digits, or the key itself (16 to 512 characters); two during a rotation, with a comma between',
  },
  PID_FILE: { needed: true, allowed: 'a file in a folder that can be written; relative to the folder of node.json' },
  LOG_FILE: { needed: true, allowed: 'a file in a folder that can be written; relative to the folder of node.json' },
  BASEDIR: {
    needed: true,
    allowed: 'the installation directory, which is there; relative to the parent of the folder of node.json',
  },
  MTA: { needed: false, allowed: '"haraka" or "postfix"; without it: haraka' },
  SERVICE: { needed: false, allowed: 'the systemd unit that runs the MTA; without it the agent starts the MTA itself' },
  USER: { needed: false, allowed: 'a user of /etc/passwd other than root; without it: a number that has no account' },
} as const

export type FieldName = keyof typeof FIELDS

/** Reads `host:port`. @throws Error in words */
export function readAddress(text: string): Address {
  const [, v6, name, digits] = /^(?:\[([^\]]*)\]|([^:[\]]+)):([0-9]+)$/.exec(text) ?? []
  const host = v6 ?? name
  if (host === undefined || digits === undefined) throw new Error(`"${text}" is not an address and a port`)
  const port = Number(digits)
  if (port < 1 || port > 65_535) throw new Error(`port ${digits} is not between 1 and 65535`)
  if (v6 !== undefined && isIP(v6) !== 6) throw new Error(`"${v6}" is not an IPv6 address`)
  if (name !== undefined && isIP(name) !== 4 && !isHostName(name))
    throw new Error(`"${name}" is neither an IPv4 address nor a name`)
  return { host, port }
}

/** A name; what looks like an IPv4 address and is none, is none. */
function isHostName(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(name) && !/^[0-9.]+$/.test(name)
}

/** The digests (hex) of one or two keys. @throws Error in words that never hold the key */
export function readKeys(text: string): readonly string[] {
  const keys = text.split(',').map((key) => key.trim())
  if (keys.length > 2) throw new Error(`${keys.length} keys are given`)
  const digests = keys.map(digestOf)
  if (new Set(digests).size !== digests.length) throw new Error('a key is given twice')
  return digests
}

function digestOf(key: string): string {
  if (key.startsWith('sha256:')) {
    const digest = key.slice('sha256:'.length).toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error('what follows sha256: is not 64 hex digits')
    return digest
  }
  if (!/^[\x21-\x7e]{16,512}$/.test(key)) {
    throw new Error('a key is shorter than 16 characters, longer than 512, or has others than printable ASCII')
  }
  return createHash('sha256').update(key).digest('hex')
}

/** Why a directory can't be one; undefined when it can. */
export function directoryProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `${path} is not a directory`
  } catch (error) {
    return `${path} is not there (${codeOf(error)})`
  }
}

/** Why a file can't be written; undefined when it can. Folders that are missing will be made. */
export function fileProblem(path: string): string | undefined {
  try {
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there !== undefined && !there.isFile()) return `${path} is not a regular file`
    if (there !== undefined) accessSync(path, constants.W_OK)
    let folder = dirname(path)
    while (statSync(folder, { throwIfNoEntry: false }) === undefined && dirname(folder) !== folder) folder = dirname(folder)
    if (!statSync(folder).isDirectory()) return `${folder} is not a directory`
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `${path} can't be written (${codeOf(error)})`
  }
}

/** `ENOENT` and the like. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
