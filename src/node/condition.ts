import type { NodeState } from './state.ts'

/** What a node's MTA is like to somebody who watches it. */
export const CONDITIONS = ['well', 'down', 'mute', 'stopped', 'idle', 'absent', 'unreachable'] as const
export type Condition = (typeof CONDITIONS)[number]

/**
 * What a look found.
 * - `stopped`: an order has stopped it, which is nobody's fault, whether it runs or not
 * - `down`: it does not run, though an order has started it, or (no order ever said) it was seen running
 * - `mute`: it has run for a while and listens on nothing, though its configuration says where
 * - `idle`: it does not run, and nobody has wanted that yet
 * @param ran whether it was seen running before
 * @param steady seconds that an MTA may take until it listens
 */
export function conditionOf(state: NodeState, ran: boolean, steady: number): Condition {
  if (!state.installed) return 'absent'
  if (state.wanted === 'stopped') return 'stopped'
  if (state.running) return state.mute === true && (state.uptime ?? 0) >= steady ? 'mute' : 'well'
  return state.wanted === 'running' || ran ? 'down' : 'idle'
}
