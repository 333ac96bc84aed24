import type { NodeState } from './state.ts'

/** What a node's MTA is like to somebody who watches it. */
export const CONDITIONS = ['well', 'down', 'mute', 'stopped', 'idle', 'absent', 'unreachable', 'busy'] as const
export type Condition = (typeof CONDITIONS)[number]

/**
 * What a look found.
 * - `stopped`: an order has stopped it, which is nobody's fault, whether it runs or not
 * - `down`: it does not run, though an order has started it, or (no order ever said) it was seen running
 * - `mute`: it has run for a while, and listens on nothing though its configuration says where, or does not answer
 * - `idle`: it does not run, and nobody has wanted that yet
 * - `busy`: it is not well, but somebody's order is at work on the node, or their run keeps it: it may be by that
 * @param ran whether it was seen running before
 * @param steady seconds that an MTA may take until it listens
 */
export function conditionOf(state: NodeState, ran: boolean, steady: number): Condition {
  if (!state.installed) return 'absent'
  if (state.wanted === 'stopped') return 'stopped'
  const ailing = ailmentOf(state, ran, steady)
  if (ailing !== undefined && state.lease !== undefined) return 'busy'
  return ailing ?? (state.running ? 'well' : 'idle')
}

function ailmentOf(state: NodeState, ran: boolean, steady: number): 'down' | 'mute' | undefined {
  if (!state.running) return state.wanted === 'running' || ran ? 'down' : undefined
  return state.mute === true && (state.uptime ?? 0) >= steady ? 'mute' : undefined
}
