import type { Script } from '../../script/script.ts'
import type { Answer } from '../../script/answer.ts'
import { FailedError } from '../../outcome/errors.ts'
import { type OrderState, REVISION_SCHEMA } from '../../node/revision.ts'
import { settingDefs, type Settings } from '../../node/settings.ts'
import { type NodeState, WANTED } from '../../node/state.ts'
import type { InstallArchive, InstallOptions, Installation, MtaDriver } from '../driver.ts'
import { type Claimant, claimText, readLease } from './lease.ts'
import { headLine, readRecord, settingsLine, type RevisionHead } from './record.ts'
import type { ApplyResult, InstallResult, VerbResult } from './results.ts'
import claim from './claim.sh'
import drift from './drift.sh'
import lease from './lease.sh'
import lib from './lib.sh'
import listening from './listening.sh'
import revise from './revise.sh'
import applyText from './apply.sh'
import installText from './install.sh'
import orderText from './order.sh'
import restartText from './restart.sh'
import startText from './start.sh'
import statusText from './status.sh'
import stopText from './stop.sh'

/** Counting a queue stops here: a spool of a million files must not make a status call slow. */
export const QUEUE_BOUND = 10_000

/** What a script needs to know of a changing order. */
export interface OrderFacts extends Claimant {
  readonly id: string
  /** Seconds to wait for somebody else's change, or lease. */
  readonly lockWait: number
}

/** What an apply script is told besides the revision itself. */
export interface ApplyRequest {
  readonly head: RevisionHead & Pick<OrderFacts, 'lease'>
  readonly settings: Settings
  readonly edits: readonly (readonly string[])[]
  /** As rv_expect in revise.sh takes it. */
  readonly expect: string
  readonly lockWait: number
  readonly restart: boolean
}

/**
 * A verb's script for one driver and installation: driver functions, library, verb (with `claim`, where the node is
 * changed, and what makes a configuration, where it `revises`).
 */
export function verbScript<T>(
  driver: MtaDriver,
  installation: Installation,
  verb: {
    readonly name: string
    readonly text: string
    readonly args: readonly string[]
    readonly changes: boolean
    readonly revises?: boolean
    readonly payload?: Uint8Array
    /** Who takes the node's lease for it. */
    readonly claimant?: Claimant
  },
  interpret: (answer: Answer) => T,
): Script<T> {
  const { payload, changes, revises = false, claimant } = verb
  const before = revises ? [driver.functions, driver.making] : [driver.functions]
  const text = [...before, lib, drift, lease, ...(changes ? [claim] : []), listening, ...(revises ? [revise] : []), verb.text]
  return {
    changes,
    ...(payload === undefined ? {} : { payload }),
    name: `${driver.name} ${verb.name}`,
    text,
    args: [installation.directory, installation.service ?? '', claimant === undefined ? '' : claimText(claimant), ...verb.args],
    interpret,
  }
}

/**
 * Everything `mta status` tells of a node.
 * @param countTo messages in the queue at which counting stops
 * @param answers whether to look if the MTA answers, which may take some seconds
 */
export function statusScript(
  driver: MtaDriver,
  installation: Installation,
  { countTo = QUEUE_BOUND, answers = false }: { readonly countTo?: number; readonly answers?: boolean } = {},
): Script<NodeState> {
  const verb = { name: 'status', text: statusText, args: [String(countTo), answers ? 'yes' : 'no'], changes: false }
  return verbScript(driver, installation, verb, readState)
}

const POWER_TEXTS = { start: startText, stop: stopText, restart: restartText } as const

/** Starts, stops or restarts the MTA. */
export function powerScript(
  driver: MtaDriver,
  installation: Installation,
  verb: keyof typeof POWER_TEXTS,
  order: OrderFacts & { readonly unlessStopped?: boolean },
): Script<VerbResult> {
  const only = verb === 'start' ? [order.unlessStopped === true ? 'yes' : 'no'] : []
  const args = [order.id, String(order.lockWait), ...only]
  const parts = { name: verb, text: POWER_TEXTS[verb], args, changes: true, claimant: order }
  return verbScript(driver, installation, parts, ({ fields }) => ({
    did: fields.flag('did'),
    ...(fields.optional('left-stopped') === 'yes' ? { leftStopped: true } : {}),
    ...present('pid', fields.integer('pid')),
    ...present('revision', fields.integer('revision')),
  }))
}

/** Writes a revision and makes a running MTA take it in. */
export function applyScript(driver: MtaDriver, installation: Installation, request: ApplyRequest): Script<ApplyResult> {
  const { head, settings, edits, expect, lockWait, restart } = request
  const lines = [headLine(head), settingsLine(settings), ...edits.map((edit) => editLine(edit)), '']
  const known = settingDefs().map((def) => def.key)
  const verb = {
    name: 'sync',
    text: applyText,
    args: [expect, head.id, String(lockWait), restart ? 'yes' : 'no', String(REVISION_SCHEMA), known.join(' ')],
    changes: true,
    revises: true,
    payload: Buffer.from(lines.join('\n'), 'utf8'),
    claimant: head,
  }
  return verbScript(driver, installation, verb, readApply)
}

/**
 * Prepares the directory and makes revision 0, the base alone, unless there is a revision already.
 * @param options `by` and `at`: who installs, and when (ISO 8601), for the record of revision 0; `claimant`: who takes the
 *   node's lease (nobody: whoever has it is in nobody's way); `lockWait`: seconds to wait for another change
 * @param archive what the driver ships, where it does
 */
export function installScript(
  driver: MtaDriver,
  installation: Installation,
  options: InstallOptions & {
    readonly by: string
    readonly at: string
    readonly claimant?: Claimant
    readonly lockWait?: number
  },
  archive?: InstallArchive,
): Script<InstallResult> {
  const { by, at, claimant, lockWait = 60 } = options
  const verb = {
    name: 'install',
    text: installText,
    args: [String(lockWait), headLine({ id: 'install', by, at, reason: 'install' }), ...driver.installArgs(options)],
    changes: true,
    revises: true,
    ...(claimant === undefined ? {} : { claimant }),
    ...(archive === undefined ? {} : { payload: archive }),
  }
  return verbScript(driver, installation, verb, ({ fields }) => ({
    made: fields.flag('made'),
    ...(fields.optional('adopted') === 'yes' ? { adopted: true } : {}),
    revision: fields.integer('revision') ?? 0,
    ...present('version', fields.optional('version')),
  }))
}

/**
 * What became of an order.
 * @param giveUp refuse one that has not arrived when it comes; `lockWait`: seconds to wait for a change that is at work
 */
export function orderScript(
  driver: MtaDriver,
  installation: Installation,
  id: string,
  giveUp?: Pick<OrderFacts, 'lockWait'>,
): Script<OrderState> {
  const args = giveUp === undefined ? [id] : [id, 'give-up', String(giveUp.lockWait)]
  const verb = { name: 'order', text: orderText, args, changes: giveUp !== undefined }
  return verbScript(driver, installation, verb, ({ fields }) => {
    const outcome = oneOf(fields.optional('outcome'), ['ok', 'changed', 'failed'])
    return {
      id,
      verb: fields.optional('verb') ?? '',
      state: oneOf(fields.text('state'), ['none', 'running', 'died', 'done']) ?? 'none',
      ...(fields.optional('never') === 'yes' ? { never: true } : {}),
      ...present('outcome', outcome),
      ...present('revision', fields.integer('revision')),
    }
  })
}

/** An edit as one tab-separated line. @throws TypeError when a field holds a tab or line break: settings never do */
export function editLine(edit: readonly string[]): string {
  if (edit.some((field) => /[\t\n\r\0]/.test(field))) throw new TypeError('an edit cannot hold tabs or line breaks')
  return edit.join('\t')
}

/** The answer of a sync or rollback. */
export function readApply({ fields }: Answer): ApplyResult {
  return {
    wrote: fields.flag('wrote'),
    revision: fields.integer('revision') ?? 0,
    took: oneOf(fields.text('took'), ['none', 'reload', 'restart', 'left']) ?? 'none',
    running: fields.flag('running'),
    replaced: fields.all('replaced'),
    ...present('id', fields.optional('id')),
    ...present('to', fields.integer('to')),
    ...present('saved', fields.optional('saved')),
  }
}

function readState({ fields }: Answer): NodeState {
  const messages = fields.integer('queue')
  const max = fields.integer('queue-max') ?? QUEUE_BOUND
  const record = fields.optional('record')
  const lease = readLease(fields)
  return {
    running: fields.flag('running'),
    installed: fields.flag('installed'),
    listening: fields.all('listen'),
    edited: fields.all('edited'),
    clock: fields.integer('clock') ?? 0,
    ...(fields.optional('mute') === 'yes' ? { mute: true } : {}),
    ...present('wanted', oneOf(fields.optional('wanted'), WANTED)),
    ...present('pid', fields.integer('pid')),
    ...present('uptime', fields.integer('uptime')),
    ...present('version', fields.optional('version')),
    ...present('loaded', fields.integer('loaded')),
    ...(messages === undefined ? {} : { queue: { messages: Math.min(messages, max), capped: messages > max } }),
    ...(record === undefined ? {} : { record: readRecord(record) }),
    ...(lease === undefined ? {} : { lease }),
  }
}

/** `{[key]: value}`, or nothing for undefined: exactOptionalPropertyTypes tells absent from undefined. */
function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>
}

function oneOf<const T extends string>(value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find((word) => word === value)
  if (found === undefined) throw new FailedError(`the node's answer has "${value}" where one of ${allowed.join(', ')} belongs`)
  return found
}
