import { isSelective, selectNodes, type Otherwise, type Selection } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { Settings } from '../../node/settings.ts'
import type { Profile } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { selectionSources } from './set-sources.ts'

/** The selected nodes of a profile, as read once at the start of a run. */
export interface Fleet {
  readonly profile: Profile
  readonly nodes: readonly NodeRecord[]
  /** The profile's setting defaults. */
  readonly defaults: Settings
}

/**
 * Reads the profile and selects.
 * @param otherwise what is selected when nothing was named
 * @throws as selectNodes, before anything is done on any node
 */
export async function loadFleet(context: Context, selection: Selection, otherwise: Otherwise = 'none'): Promise<Fleet> {
  const profile = await context.profile()
  const { nodes, defaults, groups = [] } = await profile.read()
  const sources = await selectionSources(context, groups, selection)
  const selected = selectNodes(nodes, selection, otherwise, sources)
  if (selected.length === 0 && isSelective(selection))
    context.note(`nothing to do: no node is in ${selection.names?.join(' ') ?? ''}`)
  return { profile, nodes: selected, defaults }
}
