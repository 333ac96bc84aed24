import HelpCommand from './help.ts'
import NodesList from './nodes/list.ts'
import JournalList from './journal/list.ts'
import KeysCreate from './keys/create.ts'
import KeysDelete from './keys/delete.ts'
import KeysImport from './keys/import.ts'
import KeysList from './keys/list.ts'
import KeysShow from './keys/show.ts'
import ProfilesCreate from './profiles/create.ts'
import ProfilesDelete from './profiles/delete.ts'
import ProfilesList from './profiles/list.ts'
import ProfilesShow from './profiles/show.ts'
import ProfilesUse from './profiles/use.ts'
import TrustAdd from './trust/add.ts'
import TrustList from './trust/list.ts'
import TrustRemove from './trust/remove.ts'
import TrustShow from './trust/show.ts'

/** Every command by its id; oclif.manifest.json is made from this. */
export const COMMANDS = {
  help: HelpCommand,
  'nodes:list': NodesList,
  'journal:list': JournalList,
  'keys:create': KeysCreate,
  'keys:delete': KeysDelete,
  'keys:import': KeysImport,
  'keys:list': KeysList,
  'keys:show': KeysShow,
  'profiles:create': ProfilesCreate,
  'profiles:delete': ProfilesDelete,
  'profiles:list': ProfilesList,
  'profiles:show': ProfilesShow,
  'profiles:use': ProfilesUse,
  'trust:add': TrustAdd,
  'trust:list': TrustList,
  'trust:remove': TrustRemove,
  'trust:show': TrustShow,
}
