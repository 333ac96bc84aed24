import type { Selection } from '../../fleet/select.ts'
import { NotFoundError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { settingsToPush } from '../../node/effective.ts'
import type { Context } from '../context.ts'
import { type Fleet, loadFleet } from '../run/fleet.ts'
import { pause } from '../run/pause.ts'
import { notify } from './notify.ts'
import type { WatchedResult, WatchEvent, WatchOptions } from './results.ts'
import { type Tell, Watcher } from './watcher.ts'

/** Seconds between two looks of a standby whether the other one still watches. */
const STANDBY = 1

/** What one round came to. */
export interface WatchReport {
  readonly data: { readonly events: readonly WatchEvent[] }
  readonly nodes: readonly NodeOutcome<WatchedResult>[]
  /** True when an MTA that should run does not, on a node that is only watched. */
  readonly differences: boolean
}

/**
 * One look at every selected node. Where another process watches this profile, nothing is done, and an event says so.
 * @throws as selectNodes, before anything is done
 */
export async function watchOnce(context: Context, selection: Selection, options: WatchOptions): Promise<WatchReport> {
  const fleet = await loadFleet(context, selection)
  const events: WatchEvent[] = []
  const say = (event: WatchEvent): void => void events.push(event)
  const held = await fleet.profile.watch.alone(async () => {
    const watcher = new Watcher(context, options, teller(context, options, say))
    await watcher.begin()
    return watcher.round(fleet)
  })
  if ('other' in held) {
    const standby = ownEvent(context, 'standby', `${held.other} watches this profile already: nothing to do here`)
    context.note(standby.message)
    return { data: { events: [standby] }, nodes: [], differences: false }
  }
  const ailing = held.result.some(({ result }) => result?.observed === false && ['down', 'mute'].includes(result.condition))
  return { data: { events }, nodes: held.result, differences: ailing }
}

/**
 * Watches the selected nodes until Ctrl-C or SIGTERM. While another process watches this profile it stands by, and takes
 * over when that one ends.
 * @param say takes every event as it happens, and must not throw
 * @throws as selectNodes, before anything is done
 */
export async function watchOn(
  context: Context,
  selection: Selection,
  options: WatchOptions,
  say: (event: WatchEvent) => void,
): Promise<void> {
  const { signal } = context
  const { watch } = (await fleetOf(context, selection)).profile
  let other = ''
  while (!signal.aborted) {
    const held = await watch.alone(() => keepWatch(context, selection, options, say))
    if (!('other' in held)) break
    if (other === '') say(ownEvent(context, 'standby', `${held.other} watches this profile already: waiting to take over`))
    other = held.other
    await pause(STANDBY, signal)
  }
  say(ownEvent(context, 'ended', 'nothing is watched any more by this process'))
}

async function keepWatch(
  context: Context,
  selection: Selection,
  options: WatchOptions,
  say: (event: WatchEvent) => void,
): Promise<void> {
  const { signal } = context
  const watcher = new Watcher(context, options, teller(context, options, say))
  await watcher.begin()
  let fleet = await fleetOf(context, selection)
  say(ownEvent(context, 'watching', beginning(fleet, options)))
  await watcher.round(fleet) // what does not work at all ends the watch here
  const rounds = new Set<Promise<void>>()
  const troubles = new Troubles(context)
  for (;;) {
    await pause(options.interval, signal)
    if (signal.aborted) break
    const round = troubles.of(async () => {
      fleet = await fleetNow(context, selection, fleet)
      await watcher.round(fleet)
    })
    rounds.add(round)
    void round.finally(() => rounds.delete(round))
  }
  await Promise.all(rounds)
}

/** @throws NotFoundError also where a file names no node: a watch of none would wait for ever */
async function fleetOf(context: Context, selection: Selection): Promise<Fleet> {
  const fleet = await loadFleet(context, selection)
  if (fleet.nodes.length === 0) throw new NotFoundError('no node to watch')
  return fleet
}

/** The selection as the profile is now; where it no longer holds (a named node was deleted), what is left of the last one. */
async function fleetNow(context: Context, selection: Selection, last: Fleet): Promise<Fleet> {
  try {
    return await fleetOf(context, selection)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    const { nodes, defaults } = await last.profile.read()
    const ids = new Set(last.nodes.map(({ id }) => id))
    return { profile: last.profile, defaults, nodes: nodes.filter(({ id }) => ids.has(id)) }
  }
}

/** What goes wrong with a round as a whole: said once, and the watch goes on. */
class Troubles {
  private last = ''

  constructor(private readonly context: Context) {}

  async of(round: () => Promise<void>): Promise<void> {
    try {
      await round()
      this.last = ''
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.last) this.context.warn(`the nodes could not be looked at: ${message}; the watch goes on`)
      this.last = message
    }
  }
}

function teller(context: Context, { notify: command }: WatchOptions, say: (event: WatchEvent) => void): Tell {
  return async (event) => {
    say(event)
    if (command !== undefined) await notify(context, command, event)
  }
}

function ownEvent(context: Context, event: WatchEvent['event'], message: string): WatchEvent {
  return { at: context.clock().toISOString(), event, message }
}

function beginning({ nodes, defaults }: Fleet, { interval }: WatchOptions): string {
  const observed = nodes.filter(({ settings }) => settingsToPush(settings, defaults)['mta-observer'] === true).length
  const who = `pid ${process.pid} looks at ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} every ${interval} s`
  if (observed > 0) return `${who}, and restarts MTAs on ${observed} of them (where mta-observer is on)`
  return `${who}, and restarts nothing: mta-observer is on nowhere (akctl settings set NODE mta-observer=on)`
}
