import type { MtaDriver } from '../driver.ts'
import { harakaEdits } from './edits.ts'
import { harakaLogs } from './logs.ts'
import { HARAKA_SUPPORT } from './support.ts'
import endpoints from './endpoints.sh'
import functions from './functions.sh'
import ini from './ini.sh'
import install from './install.sh'
import render from './render.sh'

/** Haraka 3, which comes with akctl: installed from an archive, run in the background as one process. */
export const haraka: MtaDriver = {
  name: 'haraka',
  functions: [functions, ini, endpoints].join('\n'),
  making: [render, install].join('\n'),
  support: (key) => HARAKA_SUPPORT[key],
  edits: harakaEdits,
  installArgs: (options) => [options.listen, options.hostname],
  ships: 'haraka',
  logs: harakaLogs,
}
