import type { Style } from './views/view.ts'

const same = (text: string): string => text

/** No colour at all. */
export const PLAIN: Style = { bold: same, dim: same, good: same, bad: same, warn: same }

/** Whether colour is wanted: NO_COLOR wins, then FORCE_COLOR, then whether the stream is a terminal. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return isTty && env['TERM'] !== 'dumb'
}

/** The colours of a terminal, by chalk (loaded only here). */
export async function colors(): Promise<Style> {
  const { Chalk } = await import('chalk')
  const chalk = new Chalk({ level: 1 })
  return { bold: chalk.bold, dim: chalk.dim, good: chalk.green, bad: chalk.red, warn: chalk.yellow }
}
