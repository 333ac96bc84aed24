import type { WatchedNode } from '../../profile/profile.ts'
import type { WatchEventName, WatchOptions } from './results.ts'

/** What an event of a node is about, for its words. */
export interface About {
  readonly kept: WatchedNode
  readonly options: WatchOptions
  /** Whether its setting mta-observer is on. */
  readonly observed: boolean
  /** Why: an error's message. */
  readonly why?: string | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What an event of a node says to a person. */
export function wordsOf(event: WatchEventName, { kept, options, observed, why = '', now }: About): string {
  const { maxTries, steady } = options
  const left = observed ? '' : '; only watched: its setting mta-observer is not on'
  const tries = `try ${kept.tries} of ${maxTries}`
  switch (event) {
    case 'down':
      return `the MTA does not run, and should${left}`
    case 'mute':
      return `the MTA runs and does not answer${left}`
    case 'unreachable':
      return `it can't be asked: ${why}`
    case 'restarted':
      return `the MTA was restarted (${tries})`
    case 'restart-failed':
      return `the MTA could not be restarted (${tries}): ${why}${kept.gaveUp ? '' : `; the next try is in ${pause(kept, now)} s`}`
    case 'gave-up':
      return `gave up after ${kept.tries} tries: no more restarts until the MTA has run for ${steady} s, or an order has stopped it`
    case 'well':
      return 'the MTA is well again'
    case 'stopped':
      return 'an order has stopped the MTA: left alone'
    case 'watching':
    case 'standby':
    case 'ended':
      return event
  }
}

function pause({ next }: WatchedNode, now: number): number {
  return Math.max(0, Math.round((next - now) / 1000))
}
