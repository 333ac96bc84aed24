import type { MtaName } from '../../node/record.ts'

export const ARCHITECTURES = ['x64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]
export const RUNTIMES = ['bundled', 'system'] as const
export type Runtime = (typeof RUNTIMES)[number]

/** What is in an archive: all of it, the configuration alone, or the programs alone. */
export const ARCHIVE_CONTENTS = ['all', 'conf', 'programs'] as const

/** The archive that was made. */
export interface MadeArchive {
  readonly node: string
  readonly file: string
  readonly bytes: number
  readonly contents: (typeof ARCHIVE_CONTENTS)[number]
  readonly mta: MtaName
  /** Where akctl will connect to. */
  readonly endpoint: string
  /** Where the agent will listen. */
  readonly listen?: string
  /** Of the certificate in it. */
  readonly fingerprint?: string
  /** Of the Node.js in it. */
  readonly arch?: Architecture
}
