import { Flags } from '@oclif/core'
import { UsageError } from '../outcome/errors.ts'
import { optionalArg } from './args.ts'
import type { Selection } from '../fleet/select.ts'
import type { ChangeRun } from '../operations/mta/change.ts'
import type { Consent } from '../operations/node/confirm.ts'
import type { EditRun } from '../operations/settings/edit.ts'
import type { Width } from '../operations/node/visit.ts'

/** `NODE…`, for the help; a command with `strict = false` takes any number. */
export const nodesArg = { node: optionalArg('names or ids of nodes') }

/** On settings verbs: the profile instead of nodes. */
export const defaultsFlag = {
  defaults: Flags.boolean({ summary: "the profile's defaults instead of nodes", helpGroup: 'SELECTION' }),
}

/** On settings verbs that change: push at once. */
export const syncFlag = {
  sync: Flags.boolean({ summary: 'tell the nodes at once, as `mta sync` would', default: false, helpGroup: 'CHANGE' }),
}

/** On fleet verbs: what the file does not name goes. A consent, so without a variable. */
export const pruneFlag = Flags.boolean({
  summary: 'delete the nodes and groups of the profile that the file does not name',
  default: false,
})

/** On fleet verbs: whether nodes are asked. */
export const askFlag = Flags.boolean({ summary: 'ask the nodes how they are', default: true, allowNo: true })

/** What oclif parsed of the selection flags. */
interface SelectionFlags {
  readonly selector?: string | undefined
  readonly exclude?: readonly string[] | undefined
  readonly all: boolean
}

interface WidthFlags {
  readonly concurrency: number
  readonly 'max-fail'?: number | undefined
}

interface ConsentFlags {
  readonly 'confirm-above': number
  readonly yes: boolean
}

interface ChangeFlags extends SelectionFlags, WidthFlags, ConsentFlags {
  readonly 'dry-run': boolean
  readonly reason?: string | undefined
}

/** The nodes of a command line. @param names the words that are no flags */
export function selectionOf(names: readonly unknown[], { selector, exclude, all }: SelectionFlags): Selection {
  return { names: names.map(String), selector, exclude, all }
}

/** How wide a run is, from its flags. */
export function widthOf(flags: WidthFlags): Width {
  return { concurrency: flags.concurrency, maxFail: flags['max-fail'] }
}

/** From which number of nodes on a user is asked. */
export function consentOf(flags: ConsentFlags): Consent {
  return { above: flags['confirm-above'], yes: flags.yes }
}

/** What every changing verb is told. @param names the words that are no flags */
export function changeRunOf(names: readonly unknown[], flags: ChangeFlags): ChangeRun {
  return {
    selection: selectionOf(names, flags),
    width: widthOf(flags),
    consent: consentOf(flags),
    dryRun: flags['dry-run'],
    reason: flags.reason,
  }
}

/** @throws UsageError when nodes were selected where the profile's defaults are meant */
export function refuseNodes({ names = [], selector, exclude, all = false }: Selection): void {
  if (names.length > 0 || selector !== undefined || exclude !== undefined || all) {
    throw new UsageError("--defaults means the profile's defaults: name no nodes with it")
  }
}

/** What `settings set` and `unset` are told. @param names the words that are nodes */
export function editRunOf(
  verb: string,
  names: readonly string[],
  flags: ChangeFlags & { readonly defaults: boolean; readonly sync: boolean },
): EditRun {
  const selection = selectionOf(names, flags)
  if (flags.defaults) refuseNodes(selection)
  return {
    verb,
    target: flags.defaults ? 'defaults' : selection,
    dryRun: flags['dry-run'],
    reason: flags.reason,
    sync: flags.sync ? { width: widthOf(flags), consent: consentOf(flags) } : undefined,
  }
}
