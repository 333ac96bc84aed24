import type { Condition } from '../../node/condition.ts'
import type { Outcome } from '../../outcome/outcome.ts'
import type { WatchedNode } from '../../profile/profile.ts'
import type { WatchEventName, WatchOptions } from './results.ts'

/** Seconds between two tries at most. */
const LONGEST = 900

/** What a look found. */
export interface Look {
  readonly condition: Condition
  /** Seconds that the MTA has run. */
  readonly uptime: number
}

/** What is made of a look: what to keep, what to say, and whether to restart now. */
export interface Judgement {
  readonly kept: WatchedNode
  readonly events: readonly WatchEventName[]
  readonly act: boolean
}

/** What is kept of a node that was never looked at. */
export function unseen(node: number): WatchedNode {
  return { node, condition: 'idle', ran: false, tries: 0, next: 0, gaveUp: false }
}

/**
 * Judges a look at a node. A judgement to act counts as a try already: who is killed in the middle has tried.
 * @param before what is kept of the looks before
 * @param acts whether this node may be acted on
 * @param now milliseconds since 1970
 */
export function judge(
  before: WatchedNode,
  look: Look,
  options: WatchOptions & { readonly acts: boolean },
  now: number,
): Judgement {
  const { condition } = look
  const { acts, maxTries, steady } = options
  if (condition === 'busy') return { kept: before, events: [], act: false } // what it comes to is seen by the next look
  const ran = before.ran || condition === 'well' || condition === 'mute'
  const kept = { ...before, condition, ran }
  const troubled = before.tries > 0 || before.gaveUp
  if (condition === 'down' || condition === 'mute') {
    const news: WatchEventName[] = before.condition === condition ? [] : [condition]
    if (!acts) return { kept, events: news, act: false }
    if (before.tries >= maxTries)
      return { kept: { ...kept, gaveUp: true }, events: before.gaveUp ? news : [...news, 'gave-up'], act: false }
    if (now < before.next) return { kept, events: news, act: false }
    const tries = before.tries + 1
    return { kept: { ...kept, tries, next: now + pauseAfter(tries, options) * 1000, gaveUp: false }, events: news, act: true }
  }
  if (condition === 'unreachable') return { kept, events: before.condition === condition ? [] : [condition], act: false }
  if (condition !== 'well') {
    const news: WatchEventName[] = condition === 'stopped' && wasUp(before) ? ['stopped'] : []
    return { kept: forgotten(kept), events: news, act: false }
  }
  if (troubled && look.uptime < steady) return { kept, events: [], act: false }
  const recovered = troubled || ['down', 'mute', 'unreachable'].includes(before.condition)
  return { kept: forgotten(kept), events: recovered ? ['well'] : [], act: false }
}

/** What a restart came to. */
export type Acted =
  | { readonly kind: 'restarted' }
  /** An order had stopped the MTA meanwhile. */
  | { readonly kind: 'stopped' }
  /** It was well already when the order came to it. */
  | { readonly kind: 'well' }
  | { readonly kind: 'error'; readonly outcome: Outcome }

/** Outcomes of an order that count as a try; with any other, the MTA was not touched. */
const TRIED: ReadonlySet<Outcome> = new Set(['failed', 'unknown'])

/** What to keep and to say after a restart. @param before what was kept before the judgement to act */
export function judgeAct(before: WatchedNode, judged: WatchedNode, acted: Acted, maxTries: number): Omit<Judgement, 'act'> {
  switch (acted.kind) {
    case 'restarted':
      return { kept: { ...judged, condition: 'well', ran: true }, events: ['restarted'] }
    case 'stopped':
      return { kept: forgotten({ ...judged, condition: 'stopped' }), events: ['stopped'] }
    case 'well':
      return { kept: { ...before, condition: 'well', ran: true }, events: before.tries > 0 || before.gaveUp ? [] : ['well'] }
    case 'error': {
      if (!TRIED.has(acted.outcome)) return { kept: { ...before, condition: judged.condition, ran: judged.ran }, events: [] }
      const last = judged.tries >= maxTries
      return { kept: { ...judged, gaveUp: last }, events: last ? ['restart-failed', 'gave-up'] : ['restart-failed'] }
    }
  }
}

/** Seconds until the try after this one: twice as long each time. */
function pauseAfter(tries: number, { interval }: WatchOptions): number {
  return Math.max(interval, Math.min(interval * 2 ** tries, LONGEST))
}

function forgotten(kept: WatchedNode): WatchedNode {
  return { ...kept, tries: 0, next: 0, gaveUp: false }
}

function wasUp({ condition }: WatchedNode): boolean {
  return condition !== 'stopped' && condition !== 'idle' && condition !== 'absent'
}
