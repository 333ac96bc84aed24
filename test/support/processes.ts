// What /proc says of processes.
import { readFileSync } from 'node:fs'
import { until } from './until.ts'

/** The child processes of a process; none for one that is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Whether a process of this name is at work; one that only waits to be collected is not. */
export function isAtWork(pid: number, name: string): boolean {
  try {
    return new RegExp(`\\(${name}\\) [^ZX] `).test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/**
 * Stops a script that waits for a node's lock, which others hold. A look for the lock that it has begun is waited for: it would
 * take the lock, once that is free, for a script that goes no further. To be let go by SIGCONT.
 */
export async function haltWaiting(script: number): Promise<void> {
  process.kill(script, 'SIGSTOP')
  const isLooking = (): boolean => childrenOf(script).some((pid) => isAtWork(pid, 'flock'))
  await until('its look for the lock is over', 10, () => !isLooking() || undefined)
}
