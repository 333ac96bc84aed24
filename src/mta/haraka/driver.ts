import type { MtaDriver } from '../driver.ts'
import functions from './functions.sh'

export const haraka: MtaDriver = {
  name: 'haraka',
  functions,
  support: () => ({ level: 'unsupported', what: 'not there yet' }),
  edits: () => [],
  installArgs: (options) => [options.listen, options.hostname],
  logs: (installation) => ({ name: 'haraka logs', text: '', args: [installation.directory], parse: () => undefined }),
}
