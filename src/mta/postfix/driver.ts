import type { MtaDriver } from '../driver.ts'
import { postfixEdits } from './edits.ts'
import { postfixSupport } from './support.ts'
import functions from './functions.sh'
import install from './install.sh'
import render from './render.sh'

/** Postfix: an instance of its own in the installation directory. */
export const postfix: MtaDriver = {
  name: 'postfix',
  functions: `${functions}\n${render}\n${install}`,
  support: postfixSupport,
  edits: postfixEdits,
  installArgs: (options) => [options.listen, options.hostname],
  logs: (installation) => ({ name: 'postfix logs', text: '', args: [installation.directory], parse: () => undefined }),
}
