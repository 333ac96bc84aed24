import * as Flags from '@oclif/core/flags'
import { UsageError } from '../outcome/errors.ts'
import { optionalArg } from './args.ts'
import { waveFlags } from './flags.ts'
import { refuseIdleWaves, type WaveFlags } from './idle-flags.ts'
import { parseSeconds } from './duration.ts'
import { parseShare } from '../fleet/share.ts'
import { parseSerial } from '../fleet/waves.ts'
import type { Waves } from '../operations/rollout/waves.ts'
import { isSelective, type Selection } from '../fleet/select.ts'
import type { ChangeRun } from '../operations/mta/change.ts'
import type { Consent } from '../operations/run/confirm.ts'
import type { EditRun } from '../operations/settings/edit.ts'
import type { Width } from '../operations/run/visit.ts'

/** `NODE…`, for the help; a command with `strict = false` takes any number. */
export const nodesArg = { node: optionalArg("nodes: names, ids, or sets such as 'mx[01-40]' and @group") }

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
  readonly pick?: number | undefined
}

interface WidthFlags {
  readonly concurrency: number
  readonly 'max-fail'?: string | undefined
}

interface ConsentFlags {
  readonly 'confirm-above': number
  readonly yes: boolean
}

interface ChangeFlags extends SelectionFlags, WidthFlags, ConsentFlags, WaveFlags {
  readonly 'dry-run': boolean
  readonly reason?: string | undefined
}

/** The nodes of a command line. @param names the words that are no flags */
export function selectionOf(names: readonly unknown[], { selector, exclude, all, pick }: SelectionFlags): Selection {
  return { names: names.map(String), selector, exclude, all, pick }
}

/** How wide a run is, from its flags. @param onNode told of each node as soon as its outcome is known */
export function widthOf(flags: WidthFlags, onNode?: Width['onNode']): Width {
  const { concurrency, 'max-fail': limit } = flags
  return { concurrency, onNode, ...(limit === undefined ? {} : { maxFail: parseShare(limit, '--max-fail') }) }
}

/**
 * Whether and how a change goes in waves.
 * @throws UsageError for a flag of waves without --serial: it would do nothing
 */
function wavesOf(flags: WaveFlags): Waves | undefined {
  const {
    serial,
    'pause-between': wait = '0s',
    gate = true,
    'gate-timeout': timeout = '30s',
    'gate-queue': queueGrowth = 1000,
  } = flags
  const pause = parseSeconds(wait, '--pause-between')
  const looks = gate ? { timeout: parseSeconds(timeout, '--gate-timeout'), queueGrowth } : undefined
  if (serial === undefined) {
    refuseIdleWaves(flags)
    return undefined
  }
  return {
    serial: parseSerial(serial),
    pause,
    gate: looks,
    onFailure: flags['on-failure'] === 'rollback' ? 'rollback' : 'stop',
  }
}

/** From which number of nodes on a user is asked. */
export function consentOf(flags: ConsentFlags): Consent {
  return { above: flags['confirm-above'], yes: flags.yes }
}

/** What every changing verb is told. @param names the words that are no flags. @param onNode told of each node as soon as its outcome is known */
export function changeRunOf(names: readonly unknown[], flags: ChangeFlags, onNode?: Width['onNode']): ChangeRun {
  return {
    selection: selectionOf(names, flags),
    width: widthOf(flags, onNode),
    waves: wavesOf(flags),
    consent: consentOf(flags),
    dryRun: flags['dry-run'],
    reason: flags.reason,
  }
}

/** @throws UsageError when nodes were selected where the profile's defaults are meant */
export function refuseNodes(selection: Selection): void {
  if (isSelective(selection)) {
    throw new UsageError("--defaults means the profile's defaults: name no nodes with it")
  }
}

/**
 * What `settings set` and `unset` are told.
 * @param names the words that are nodes
 * @param typed the flags of the command line, without those that a variable sets
 * @param onNode told of each node as soon as its outcome is known
 * @throws UsageError for a flag of waves without --sync: no node is told anything
 */
export function editRunOf(
  verb: string,
  names: readonly string[],
  flags: ChangeFlags & { readonly defaults: boolean; readonly sync: boolean },
  typed: readonly string[],
  onNode?: Width['onNode'],
): EditRun {
  const selection = selectionOf(names, flags)
  if (flags.defaults) refuseNodes(selection)
  const idle = Object.keys(waveFlags).filter((name) => typed.includes(name))
  if (!flags.sync && idle.length > 0) {
    throw new UsageError(
      `--${idle.join(' and --')} ${idle.length > 1 ? 'have' : 'has'} a meaning only with --sync: else no node is told anything`,
      {
        hints: ['give --sync too', 'or set first, and then: akctl mta sync NODE --serial 1,10%,100%'],
      },
    )
  }
  return {
    verb,
    target: flags.defaults ? 'defaults' : selection,
    dryRun: flags['dry-run'],
    reason: flags.reason,
    sync: flags.sync ? { width: widthOf(flags, onNode), consent: consentOf(flags), waves: wavesOf(flags) } : undefined,
  }
}
