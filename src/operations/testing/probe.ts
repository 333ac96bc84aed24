import type { Script } from '../../script/script.ts'
import probeText from './probe.sh'

/** What a first look at a node finds. */
export interface Probe {
  /** Whom the scripts run as there. */
  readonly user: string
  /** Seconds since 1970. */
  readonly clock: number
  /** What the machine calls itself. */
  readonly fqdn?: string
  /** Whether the installation directory is there. */
  readonly directory: boolean
  /** Whether it can be written to or, where it is not there, be made. */
  readonly writable: boolean
  /** The nearest folder above it that is there. */
  readonly above?: string
}

/** Looks at a node before anything is installed there. Changes nothing. */
export function probeScript(directory: string): Script<Probe> {
  return {
    name: 'probe',
    text: [probeText],
    args: [directory],
    changes: false,
    interpret: ({ fields }) => {
      const fqdn = fields.optional('fqdn')
      const above = fields.optional('above')
      return {
        user: fields.text('user'),
        clock: fields.integer('clock') ?? 0,
        directory: fields.flag('directory'),
        writable: fields.flag('writable'),
        ...(fqdn === undefined ? {} : { fqdn }),
        ...(above === undefined ? {} : { above }),
      }
    },
  }
}
