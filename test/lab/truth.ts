import type { Outcome } from '../../src/outcome/outcome.ts'
import type { LabNode } from './fleet.ts'
import type { Fault } from './places.ts'

/** What became of a node, by its own files and processes. */
export type Effect =
  /** A revision more, with the new settings, in what the MTA reads. */
  | 'told'
  /** Tried, and all as before. */
  | 'put back'
  /** No order has begun. */
  | 'untouched'
  /** Something else: never right. */
  | 'a mix'

/** One node's line in the table of a run. */
export interface Line {
  readonly node: string
  readonly outcome: string | undefined
  readonly effect: Effect
  /** Masters of its Postfix. */
  readonly masters: number
}

/** How a node was before a run. */
export class Before {
  private readonly revision: number
  private readonly begun: number
  private readonly holds: string

  constructor(private readonly node: LabNode) {
    this.revision = node.revision()
    this.begun = node.begun('sync')
    this.holds = holdings(node)
  }

  /** What a run did that was to bring this timeout, in seconds. */
  effect(timeout: number): Effect {
    const { node } = this
    const orders = node.begun('sync') - this.begun
    const [revision, loaded, holds] = [node.revision(), node.loaded(), holdings(node)]
    if (node.place.running && loaded !== revision) return 'a mix'
    if (orders === 1 && revision > this.revision && holds === holdingsOf(timeout)) return 'told'
    if (revision !== this.revision || holds !== this.holds) return 'a mix'
    return orders === 0 ? 'untouched' : 'put back'
  }
}

/** What a node was told, and what its Postfix reads. */
function holdings(node: LabNode): string {
  return JSON.stringify([node.record().settings, node.parameter('smtp_connect_timeout')])
}

function holdingsOf(timeout: number): string {
  return JSON.stringify([{ 'esmtp-connection-timeout': timeout }, `${timeout}s`])
}

interface Right {
  readonly outcome: Outcome
  readonly effect: Effect
  /** What akctl says of it. */
  readonly says: RegExp
}

/** What is right for a node with a fault; one that is well, or only slow, is `changed` and `told`. */
const RIGHT: Readonly<Record<Exclude<Fault, 'slow'>, Right>> = {
  refused: { outcome: 'unreachable', effect: 'untouched', says: /connection refused/ },
  'black-hole': { outcome: 'timeout', effect: 'untouched', says: /did not answer within \d+ s/ },
  // The order was on the node before the link died, and a script that has begun goes on without akctl.
  reset: { outcome: 'unknown', effect: 'told', says: /its end was not seen \(the connection was reset\)/ },
  'host-key': { outcome: 'untrusted', effect: 'untouched', says: /THE IDENTITY OF .* HAS CHANGED/ },
  'user-key': { outcome: 'unauthorized', effect: 'untouched', says: /the server refused the key main for root/ },
  'full-disk': { outcome: 'failed', effect: 'untouched', says: /no room to write to/ },
  'no-sudo': { outcome: 'unauthorized', effect: 'untouched', says: /sudo was refused/ },
  'mta-dies': {
    outcome: 'failed',
    effect: 'put back',
    says: /did not come up healthy .* back at revision 0, and the MTA runs again/,
  },
  hanging: { outcome: 'timeout', effect: 'untouched', says: /accepted the connection and then said nothing for \d+ s/ },
}

/** What is right for a node. */
export function rightFor({ place: { fault } }: LabNode): Pick<Right, 'outcome' | 'effect'> & { readonly says?: RegExp } {
  return fault === undefined || fault === 'slow' ? { outcome: 'changed', effect: 'told' } : RIGHT[fault]
}
