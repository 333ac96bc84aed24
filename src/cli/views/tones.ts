import type { Tone } from './view.ts'

const GOOD = new Set(['running', 'ok', 'changed', 'yes'])
const QUIET = new Set(['-', 'stopped', 'never', 'skipped'])
const DOUBTFUL = new Set(['absent', 'edited', 'reload', 'no', 'unknown', 'cancelled'])

/** How a state or an outcome looks: what is none of the known good ones is bad. */
export function stateTone(word: string): Tone {
  if (GOOD.has(word)) return 'good'
  if (QUIET.has(word)) return 'dim'
  return DOUBTFUL.has(word) ? 'warn' : 'bad'
}
