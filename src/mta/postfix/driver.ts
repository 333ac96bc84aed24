import type { MtaDriver } from '../driver.ts'
import { postfixEdits } from './edits.ts'
import { postfixSupport } from './support.ts'
import { postfixLogs } from './logs.ts'
import functions from './functions.sh'
import install from './install.sh'
import render from './render.sh'
import system from './system.sh'

/** Postfix: an instance of its own in the installation directory, or the system's (`/etc/postfix`). */
export const postfix: MtaDriver = {
  name: 'postfix',
  functions: [functions, system].join('\n'),
  making: [render, install].join('\n'),
  support: postfixSupport,
  edits: postfixEdits,
  installArgs: (options) => [options.listen, options.hostname],
  logs: postfixLogs,
}
