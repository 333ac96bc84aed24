import { formatValue } from '../../node/setting-values.ts'
import { effectiveSettings } from '../../node/effective.ts'
import { findSetting } from '../../node/settings.ts'
import type { Protected } from '../../operations/profiles/protect.ts'
import type { ProfileDetails } from '../../operations/profiles/show.ts'
import type { ProfileInfo } from '../../profile/profile.ts'
import { type Details, detailsTable, detailsText } from './details.ts'
import type { Table, View } from './view.ts'

export const profilesListView: View<readonly ProfileInfo[]> = {
  schema: 'profiles.list/1',
  table: ({ data = [] }) => tableOf(data),
}

/** Of a profile that was made, chosen or deleted. */
function oneProfile(schema: string, said: string): View<ProfileInfo> {
  return {
    schema,
    table: ({ data }) => tableOf(data === undefined ? [] : [data]),
    text: ({ data }, style) => (data === undefined ? '' : `${style.good(said)} ${data.name}\n`),
  }
}

export const profilesCreateView = oneProfile('profiles.create/1', 'made the profile')
export const profilesUseView = oneProfile('profiles.use/1', 'the profile in use is now')
export const profilesDeleteView = oneProfile('profiles.delete/1', 'deleted the profile')

export const profilesProtectView: View<Protected> = {
  schema: 'profiles.protect/1',
  table: ({ data }) => tableOf(data === undefined ? [] : [data]),
  text: ({ data }, style) =>
    data === undefined
      ? ''
      : `${style.good('the secrets of')} ${data.name} are protected by ${data.secrets} (before: ${data.before})\n`,
}

export const profilesShowView: View<ProfileDetails> = {
  schema: 'profiles.show/1',
  table: ({ data }) => detailsTable(details(data)),
  text: ({ data }, style) => detailsText(details(data), style),
  names: ({ data }) => [data?.name ?? ''],
}

function tableOf(profiles: readonly ProfileInfo[]): Table {
  return {
    columns: ['NAME', 'IN USE', 'NODES', 'DIRECTORY', 'SECRETS'],
    rows: profiles.map(({ name, current, nodes, directory, secrets }) => [
      name,
      current ? 'yes' : 'no',
      String(nodes),
      directory,
      secrets,
    ]),
  }
}

function details(profile: ProfileDetails | undefined): Details {
  if (profile === undefined) return []
  return [
    ['name', profile.name],
    ['in use', profile.current ? 'yes' : 'no'],
    ['directory', profile.directory],
    ['nodes', String(profile.nodes)],
    ['keys', String(profile.keys)],
    ['trusted identities', String(profile.trusted)],
    ['secrets', profile.secrets],
    [
      'defaults',
      effectiveSettings(profile.defaults, {}).flatMap(({ key, value }) => {
        const def = findSetting(key)
        return value === undefined || def === undefined ? [] : [`${key}=${formatValue(def, value)}`]
      }),
    ],
  ]
}
