import type { Script } from '../../script/script.ts'
import type { Installation } from '../driver.ts'
import probeText from './probe.sh'

/** What a node has, and so what an installation of Haraka must bring. */
export interface HarakaProbe {
  /** `uname -m`. */
  readonly machine: string
  /** The id of the archive that is installed. */
  readonly installed?: string
  /** Absolute path of a Node.js, and what it calls itself: `v20.20.2`. */
  readonly node?: string
  readonly nodeVersion?: string
  /** False where npm's Node.js binaries, which are made for glibc, do not run. */
  readonly glibc: boolean
}

/** Looks at a node before anything is sent there. Changes nothing. */
export function harakaProbe(installation: Installation): Script<HarakaProbe> {
  return {
    name: 'haraka probe',
    text: [probeText],
    args: [installation.directory],
    changes: false,
    interpret: ({ fields }) => {
      const installed = fields.optional('installed')
      const node = fields.optional('node')
      const nodeVersion = fields.optional('node-version')
      return {
        machine: fields.text('machine'),
        glibc: fields.flag('glibc'),
        ...(installed === undefined ? {} : { installed }),
        ...(node === undefined ? {} : { node }),
        ...(nodeVersion === undefined ? {} : { nodeVersion }),
      }
    },
  }
}
