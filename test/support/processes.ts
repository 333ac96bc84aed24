// What /proc says of processes.
import { readFileSync } from 'node:fs'

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
