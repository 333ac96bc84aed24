import type { Feed } from '../script/script.ts'
import type { LogRecord, LogSource } from './logs.ts'
import type { SettingKey, Settings } from '../node/settings.ts'
import type { MtaName } from '../node/record.ts'

/** Where an MTA lives on a node, and what runs it. */
export interface Installation {
  /** Absolute path of the installation directory. */
  readonly directory: string
  /** The systemd unit, or undefined for a process that akctl starts itself. */
  readonly service?: string
  /** The addresses the node sends from; empty leaves the choice to the system. */
  readonly addresses: readonly string[]
}

/** What one setting becomes on one MTA. */
export interface Support {
  readonly level: 'native' | 'nearest' | 'unsupported'
  /** The parameter, what differs, or the reason. */
  readonly what: string
}

/** One change to the base: fields of one line of the payload, read by the driver's `mta_render`. */
export type Edit = readonly string[]

/** What `nodes install` is told. */
export interface InstallOptions {
  /** `address:port` of the SMTP listener. */
  readonly listen: string
  readonly hostname: string
}

/** A file tree that install ships to the node, as one gzipped tar on stdin. */
export type InstallArchive = Uint8Array

/**
 * What knows one MTA. A driver describes, a host executes: it is constant shell text, the values for it and the
 * reading of answers; it never touches a connection. The functions its shell text must define are the contract
 * at the top of `mta/shared/functions.md`.
 */
export interface MtaDriver {
  readonly name: MtaName
  /** Shell functions `mta_…`, put before every shared script (see functions.md). */
  readonly functions: string
  /** Those that only scripts which make a configuration need; what is asked of a thousand nodes is to be short. */
  readonly making: string
  /** What a setting becomes in this installation. */
  support(key: SettingKey, installation: Installation): Support
  /** The changes to the base that the set values ask for; settings that are not supported give none. */
  edits(settings: Settings, installation: Installation): readonly Edit[]
  /** Driver-specific words of the install script (`mta_install`), after directory and service. */
  installArgs(options: InstallOptions): readonly string[]
  /** What install must ship, made by the caller; undefined when the node needs nothing but its packages. */
  readonly ships?: 'haraka'
  /** Reads the MTA's log lines. `zone` offsets come from the node's answer. */
  logs(installation: Installation, query: LogQuery): Feed<LogRecord>
}

/** Which log lines are wanted; filtering by level and text is done by the reader, not on the node. */
export interface LogQuery {
  readonly source: LogSource
  readonly lines: number
  readonly follow: boolean
  /** Seconds since 1970 on the node's clock. */
  readonly since?: number
}
