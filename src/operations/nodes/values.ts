import { isIP } from 'node:net'
import { posix } from 'node:path'

/** One field as typed: its value, or why it is none and what is allowed. */
export type Read<T> = { readonly value: T } | { readonly problem: string }

/** A jump host as typed; without a user the node's own is meant. */
export interface JumpText {
  readonly user?: string
  readonly host: string
  readonly port: number
}

const HOST_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/
const HOST_RULE = 'a host name (letters, digits, dash, dot) or an IPv4 or IPv6 address'
const PORT_RULE = 'a whole number from 1 to 65535'
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/
const USER_RULE = 'a login name: a letter or _, then letters, digits, dash, dot, underscore, at most 32'

/** A host name or address in its canonical form: lower case, an IPv6 address without brackets. */
export function readHost(text: string): Read<string> {
  const host = text.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isIP(host) !== 0) return { value: host }
  if (host.includes('@')) return { problem: `"${text}" has a user in it: give ${HOST_RULE} here, and the user apart` }
  if (/^[^:]+:\d+$/.test(host)) return { problem: `"${text}" has a port in it: give ${HOST_RULE} here, and the port apart` }
  const labels = host.split('.')
  const numeric = /^\d+$/.test(labels.at(-1) ?? '')
  if (host.length > 253 || numeric || !labels.every((label) => HOST_LABEL.test(label))) {
    return { problem: `"${text}" is no host: give ${HOST_RULE}` }
  }
  return { value: host }
}

/** A TCP port. */
export function readPort(text: string): Read<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65535 ? { value: port } : { problem: `"${text}" is no port: give ${PORT_RULE}` }
}

/** A login name. */
export function readUser(text: string): Read<string> {
  return USER.test(text) ? { value: text } : { problem: `"${text}" is no login name: give ${USER_RULE}` }
}

/** Folders that hold what belongs to others: an installation directory is never one of these, but may be below. */
const SHARED =
  /^\/((home|media|mnt|opt|root|run|srv|tmp)?|usr\/local(\/(bin|etc|games|include|lib|man|sbin|share|src))?|var(\/(cache|lib|local|mail|opt|spool|tmp))?)$/
/** Folders of the system, with all that is below them: only `/etc/postfix` and `/etc/postfix-…` are an MTA's own. */
const SYSTEM =
  /^\/((bin|boot|dev|lib|lib32|lib64|libx32|proc|sbin|sys)|etc(?!\/postfix(-[^/]*)?$)|usr(?!\/local\/)|var\/(backups|log|run)|var\/lib\/(apt|dpkg|postfix|systemd)|var\/spool\/(cron|postfix))(\/|$)/
const DIRECTORY_RULE = 'an absolute path of letters, digits and . _ + @ - such as /opt/akmta'

/** An installation directory, without a slash at its end. Spaces and other signs are refused: MTAs can't live with them. */
export function readDirectory(text: string): Read<string> {
  const problem = `"${text}" is no installation directory: give ${DIRECTORY_RULE}`
  if (!/^\/[A-Za-z0-9._+@/-]*$/.test(text) || text.length > 200) return { problem }
  if (text.split('/').some((part) => part === '.' || part === '..')) return { problem: `${problem}, without . and ..` }
  const path = posix.normalize(text).replace(/(.)\/$/, '$1')
  if (SHARED.test(path) || SYSTEM.test(path)) {
    return { problem: `"${text}" belongs to the system: give a directory of the MTA's own, such as /opt/akmta` }
  }
  return { value: path }
}

/** `user@host:port`; user and port may be left out (the node's user, port 22). */
export function readJump(text: string): Read<JumpText> {
  const match = /^(?:([^@]*)@)?(?:\[([^\]]+)\]|([^:]+))(?::(.*))?$/.exec(text)
  const [, user, v6, name, portText] = match ?? []
  const host = readHost(v6 ?? name ?? '')
  const port = readPort(portText ?? '22')
  const login = user === undefined ? undefined : readUser(user)
  const why = [host, port, ...(login === undefined ? [] : [login])].flatMap((read) => ('problem' in read ? [read.problem] : []))
  if (match === null || !('value' in host) || !('value' in port) || why.length > 0) {
    return { problem: `"${text}" is no jump host: give user@host:port${match === null ? '' : ` (${why.join('; ')})`}` }
  }
  return { value: { host: host.value, port: port.value, ...(user === undefined ? {} : { user }) } }
}

/** A systemd unit's name (systemd.unit(5)); `.service` may be left out. */
export function readService(text: string): Read<string> {
  if (
    /^[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,254}$/.test(text) &&
    !/\.(?!service$)(socket|timer|target|mount|path|slice)$/.test(text)
  ) {
    return { value: text }
  }
  return { problem: `"${text}" is no service: give the name of a systemd service, such as postfix@- or haraka.service` }
}

/** An address that a node sends from. */
export function readAddress(text: string): Read<string> {
  const address = text.toLowerCase()
  const unusable = ['0.0.0.0', '::'].includes(address) || /^(22[4-9]|23\d|24\d|25\d)\.|^ff/.test(address)
  if (isIP(address) === 0 || address.includes('%') || unusable) {
    return { problem: `"${text}" is no address to send from: give an IPv4 or IPv6 address of the node` }
  }
  return { value: address }
}

/** One label; an empty value stands for taking the label away. */
export interface Label {
  readonly key: string
  readonly value: string
}

/** `key=value`, of signs that a selector can hold. */
export function readLabel(text: string): Read<Label> {
  const match = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,62})=([A-Za-z0-9._/-]{0,63})$/.exec(text)
  if (match !== null) return { value: { key: match[1] ?? '', value: match[2] ?? '' } }
  return { problem: `"${text}" is no label: give key=value, of letters, digits and . _ / -, 63 at most on each side` }
}

/** One of a few words. */
export function readWord<T extends string>(text: string, words: readonly T[]): Read<T> {
  const found = words.find((word) => word === text)
  return found === undefined ? { problem: `"${text}" is not known: give one of ${words.join(', ')}` } : { value: found }
}
