import type { MtaDriver } from '../driver.ts'
import functions from './functions.sh'

export const postfix: MtaDriver = {
  name: 'postfix',
  functions,
  support: () => ({ level: 'unsupported', what: 'not there yet' }),
  edits: () => [],
  installArgs: (options) => [options.listen, options.hostname],
  logs: (installation) => ({ name: 'postfix logs', text: '', args: [installation.directory], parse: () => undefined }),
}
