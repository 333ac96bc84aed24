import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MTA_NAMES, type MtaName } from '../node/record.ts'
import { nearNames } from '../node/near.ts'
import { EXIT, StartError, wordsOf } from './exits.ts'
import { readCredentials } from './certificate.ts'
import { type Address, FIELDS, type FieldName, directoryProblem, fileProblem, readAddress, readKeys } from './config-fields.ts'
import { type User, findUser, spareUser } from './users.ts'

/** What an agent works by: node.json, read and found good. Paths are absolute. */
export interface AgentConfig {
  readonly folder: string
  readonly listen: Address
  /** PEM texts. */
  readonly certificate: string
  readonly privateKey: string
  /** SHA-256 of the accepted keys, in hex. */
  readonly digests: readonly string[]
  readonly pidFile: string
  readonly logFile: string
  /** The installation directory. */
  readonly directory: string
  readonly mta: MtaName
  readonly service?: string
  /** Who the listener becomes when the agent is started as root. */
  readonly user: User
}

/** What a look at node.json finds: a configuration, or every problem of it. */
export interface ConfigCheck {
  readonly config?: AgentConfig
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** The fields as texts, and what is wrong so far. */
class Reading {
  readonly problems: string[] = []
  readonly warnings: string[] = []

  constructor(
    readonly folder: string,
    private readonly fields: Readonly<Record<string, unknown>>,
  ) {
    for (const name of Object.keys(fields)) {
      if (Object.hasOwn(FIELDS, name)) continue
      const near = nearNames(name, Object.keys(FIELDS))
      this.problems.push(`${name}: no such field${near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''}`)
    }
  }

  /** The text of a field; undefined, and a problem, when it has none. */
  text(name: FieldName): string | undefined {
    const { needed, allowed } = FIELDS[name]
    const value = this.fields[name]
    if (value === undefined) {
      if (needed) this.problems.push(`${name}: missing; give ${allowed}`)
      return undefined
    }
    if (typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value)) return value
    this.refuse(name, value === '' ? 'is empty' : 'is not a text of one line')
    return undefined
  }

  /** A field that a function reads; what it throws is the problem. */
  read<T>(name: FieldName, reader: (text: string) => T): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    try {
      return reader(text)
    } catch (error) {
      this.refuse(name, wordsOf(error))
      return undefined
    }
  }

  refuse(name: FieldName, why: string): void {
    this.problems.push(`${name}: ${why}; give ${FIELDS[name].allowed}`)
  }
}

/**
 * Reads and checks a configuration folder: node.json, the certificate, the key.
 * @returns every problem there is; never throws for what is in the files
 */
export function checkConfig(directory: string): ConfigCheck {
  const folder = resolve(directory)
  const file = join(folder, 'node.json')
  let fields: unknown
  try {
    fields = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return { problems: [error instanceof SyntaxError ? `${file}: not JSON: ${error.message}` : wordsOf(error)], warnings: [] }
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return { problems: [`${file}: not a JSON object`], warnings: [] }
  }
  const reading = new Reading(folder, fields as Record<string, unknown>)
  const config = readFields(reading)
  const { problems, warnings } = reading
  if (holdsKey(fields) && (statSync(file).mode & 0o077) !== 0) {
    warnings.push(`APIKEY: the key itself is in ${file}, which others can read: chmod 600, or write sha256: and its digest`)
  }
  return config === undefined || problems.length > 0 ? { problems, warnings } : { config, problems, warnings }
}

/** Reads a configuration folder. @throws StartError (78) with every problem, a line each */
export function loadConfig(directory: string): { readonly config: AgentConfig; readonly warnings: readonly string[] } {
  const { config, problems, warnings } = checkConfig(directory)
  if (config !== undefined) return { config, warnings }
  throw new StartError([`${join(directory, 'node.json')} is not in order:`, ...problems].join('\n  '), EXIT.config)
}

function holdsKey(fields: object): boolean {
  const { APIKEY } = fields as { readonly APIKEY?: unknown }
  return typeof APIKEY === 'string' && APIKEY.split(',').some((key) => !key.trim().startsWith('sha256:'))
}

function readFields(reading: Reading): AgentConfig | undefined {
  const { folder } = reading
  const path = (text: string): string => resolve(folder, text)
  const listen = reading.read('LISTEN', readAddress)
  const certPath = reading.read('CERT_PATH', path)
  const keyPath = reading.read('KEYFILE_PATH', path)
  const credentials = readCredentials(certPath, keyPath)
  for (const { field, why } of credentials.problems) reading.refuse(field, why)
  reading.warnings.push(...credentials.warnings)
  const digests = reading.read('APIKEY', readKeys)
  const pidFile = writable(reading, 'PID_FILE', path)
  const logFile = writable(reading, 'LOG_FILE', path)
  const directory = reading.read('BASEDIR', (text) => resolve(dirname(folder), text))
  const missing = directory === undefined ? undefined : directoryProblem(directory)
  if (missing !== undefined) reading.refuse('BASEDIR', missing)
  const mta = reading.read('MTA', readMta)
  const service = reading.read('SERVICE', readService)
  const user = readUser(reading)
  const { certificate, privateKey } = credentials
  const incomplete = [listen, certificate, privateKey, digests, pidFile, logFile, directory, user].includes(undefined)
  if (incomplete || reading.problems.length > 0) return undefined
  return {
    folder,
    mta: mta ?? 'haraka',
    ...(service === undefined ? {} : { service }),
    ...({ listen, certificate, privateKey, digests, pidFile, logFile, directory, user } as Omit<AgentConfig, 'folder' | 'mta'>),
  }
}

function writable(reading: Reading, name: FieldName, path: (text: string) => string): string | undefined {
  const file = reading.read(name, path)
  const problem = file === undefined ? undefined : fileProblem(file)
  if (problem !== undefined) reading.refuse(name, problem)
  return file
}

function readMta(text: string): MtaName {
  const name = MTA_NAMES.find((known) => known === text)
  if (name === undefined) throw new Error(`"${text}" is not an MTA the agent knows`)
  return name
}

function readService(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,254}$/.test(text)) throw new Error(`"${text}" is not the name of a unit`)
  return text
}

function readUser(reading: Reading): User | undefined {
  const name = reading.text('USER')
  const user = name === undefined ? spareUser() : findUser(name)
  if (user === undefined) {
    reading.refuse(
      'USER',
      name === undefined ? 'not given, and no spare number is left' : `there is no user ${name} in /etc/passwd`,
    )
  } else if (user.uid === 0) {
    reading.refuse('USER', `${user.name} is root, and the listener must not be`)
  } else if (user.name === 'nobody') {
    const why = 'so are other programs, Haraka for one: who takes over one of them has the listener as well; leave USER out'
    reading.warnings.push(`USER: nobody: ${why}`)
  }
  return user
}
