import HelpCommand from './help.ts'
import NodesList from './nodes/list.ts'
import NodesCreate from './nodes/create.ts'
import NodesDelete from './nodes/delete.ts'
import NodesEdit from './nodes/edit.ts'
import NodesInstall from './nodes/install.ts'
import NodesTest from './nodes/test.ts'
import NodesShow from './nodes/show.ts'
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
import MtaDiff from './mta/diff.ts'
import MtaRestart from './mta/restart.ts'
import MtaRollback from './mta/rollback.ts'
import MtaStart from './mta/start.ts'
import MtaStatus from './mta/status.ts'
import MtaStop from './mta/stop.ts'
import MtaSync from './mta/sync.ts'
import NodeInterfaces from './node/interfaces.ts'
import NodeLogs from './node/logs.ts'
import SettingsDescribe from './settings/describe.ts'
import SettingsGet from './settings/get.ts'
import SettingsList from './settings/list.ts'
import SettingsPull from './settings/pull.ts'
import SettingsSet from './settings/set.ts'
import SettingsUnset from './settings/unset.ts'

/** Every command by its id; oclif.manifest.json is made from this. */
export const COMMANDS = {
  help: HelpCommand,
  'nodes:list': NodesList,
  'nodes:create': NodesCreate,
  'nodes:delete': NodesDelete,
  'nodes:edit': NodesEdit,
  'nodes:show': NodesShow,
  'nodes:install': NodesInstall,
  'nodes:test': NodesTest,
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
  'mta:diff': MtaDiff,
  'mta:restart': MtaRestart,
  'mta:rollback': MtaRollback,
  'mta:start': MtaStart,
  'mta:status': MtaStatus,
  'mta:stop': MtaStop,
  'mta:sync': MtaSync,
  'node:interfaces': NodeInterfaces,
  'node:logs': NodeLogs,
  'settings:describe': SettingsDescribe,
  'settings:get': SettingsGet,
  'settings:list': SettingsList,
  'settings:pull': SettingsPull,
  'settings:set': SettingsSet,
  'settings:unset': SettingsUnset,
}
