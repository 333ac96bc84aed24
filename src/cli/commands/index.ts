import NodesList from './nodes/list.ts'

/** Every command by its id; oclif.manifest.json is made from this. */
export const COMMANDS = {
  'nodes:list': NodesList,
}
