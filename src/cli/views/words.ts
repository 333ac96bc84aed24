/** Seconds as an operator says them: `45s`, `12m`, `3h12m`, `8d4h`. */
export function ago(seconds: number): string {
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86400].map(Math.floor) as [number, number, number]
  if (minutes < 1) return `${Math.floor(seconds)}s`
  if (hours < 1) return `${minutes}m`
  if (days < 1) return `${hours}h${minutes % 60}m`
  return `${days}d${hours % 24}h`
}
