import type { ClockOffset } from '../logs/clock.ts'

/** A clock's difference in words. */
export function clockNote({ ahead, accuracy }: ClockOffset): string {
  const seconds = (value: number): string => (Math.abs(value) / 1000).toFixed(1)
  if (ahead === 0) return `as here (within ${seconds(accuracy)} s)`
  return `${seconds(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine (within ${seconds(accuracy)} s)`
}
