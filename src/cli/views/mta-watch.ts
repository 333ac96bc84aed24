import type { WatchedResult, WatchEvent, WatchEventName } from '../../operations/watch/results.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { printable } from '../printable.ts'
import type { Style, Tone, View } from './view.ts'

/** One round of a watch, or the unit or crontab line that was asked for. */
export type WatchData = { readonly events: readonly WatchEvent[] } | { readonly text: string }

export const mtaWatchView: View<WatchData, WatchedResult> = {
  schema: 'mta.watch/1',
  table: ({ data, nodes = [] }) => {
    if (data !== undefined && 'text' in data) return { columns: ['TEXT'], rows: data.text.split('\n').map((line) => [line]) }
    return { columns: ['NAME', 'OUTCOME', 'CONDITION', 'OBSERVED', 'TRIES', 'WHAT'], rows: nodes.map((node) => row(node)) }
  },
  records: ({ data }) => (data !== undefined && 'events' in data ? data.events : [data]),
}

function row({ node, outcome, result, error }: NodeOutcome<WatchedResult>): readonly string[] {
  if (result === undefined) return [node, outcome, 'unreachable', '-', '-', error?.message ?? '-']
  const { condition, observed, restarted, tries, gaveUp } = result
  const what = restarted ? 'restarted' : gaveUp ? 'gave up' : (error?.message ?? '-')
  return [node, outcome, condition, observed ? 'on' : 'off', String(tries), what]
}

/** An event's fields for scripts. */
export function eventRow({ at, node = '-', event, message }: WatchEvent): readonly string[] {
  return [at, node, event, message]
}

const TONES: Readonly<Partial<Record<WatchEventName, Tone>>> = {
  down: 'bad',
  mute: 'bad',
  unreachable: 'warn',
  restarted: 'good',
  'restart-failed': 'bad',
  'gave-up': 'bad',
  well: 'good',
}

/** An event as a line for a person. */
export function eventText({ at, node, event, message }: WatchEvent, style: Style): string {
  const about = node === undefined ? '' : `${style.bold(node)} `
  return `${style.dim(at)} ${about}${style[TONES[event] ?? 'dim'](event)}: ${printable(message)}`
}
