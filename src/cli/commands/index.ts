import HelpCommand from './help.ts'
import NodesList from './nodes/list.ts'

/** Every command by its id; oclif.manifest.json is made from this. */
export const COMMANDS = {
  help: HelpCommand,
  'nodes:list': NodesList,
}
