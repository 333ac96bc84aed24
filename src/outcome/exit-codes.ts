import type { Outcome } from './outcome.ts'

/** Every exit code akctl can end with; `akctl help exit-codes` prints this table. */
export const EXIT_CODES = [
  { code: 0, name: 'ok', when: 'everything is ok, changed as asked, or there was nothing to do' },
  { code: 1, name: 'failed', when: 'an operation failed on a node, or nodes were skipped' },
  { code: 2, name: 'usage', when: 'wrong usage, or an answer was missing and there was no terminal to ask on' },
  { code: 4, name: 'unreachable', when: 'a node could not be reached, or did not answer in time' },
  { code: 5, name: 'untrusted', when: 'the identity of a node is unknown or has changed' },
  { code: 6, name: 'unauthorized', when: 'a node refused the login, the key or sudo' },
  { code: 7, name: 'unknown', when: 'a changing order was sent and its end was not seen' },
  { code: 8, name: 'conflict', when: "locked, or in conflict with somebody else's change" },
  { code: 9, name: 'not-found', when: 'no such node, key, profile or setting, or a selection matched nothing' },
  {
    code: 10,
    name: 'differences',
    when: 'differences were found (mta diff, mta status --expect, fleet plan --detailed-exitcode, mta watch --once)',
  },
  { code: 70, name: 'bug', when: 'a bug in akctl' },
  { code: 130, name: 'cancelled', when: 'cancelled by the user' },
] as const

export type ExitCode = (typeof EXIT_CODES)[number]['code']

const OUTCOME_EXIT: Readonly<Record<Outcome, ExitCode>> = {
  ok: 0,
  changed: 0,
  failed: 1,
  skipped: 1,
  unreachable: 4,
  timeout: 4,
  untrusted: 5,
  unauthorized: 6,
  unknown: 7,
  conflict: 8,
  cancelled: 130,
}

/** Worst first: what decides the exit code of a run over many nodes. 2 and 9 come before any node is touched. */
const WORST_FIRST: readonly ExitCode[] = [70, 130, 7, 5, 6, 8, 1, 4, 10, 0]

/** The exit code of one outcome. */
export function exitOf(outcome: Outcome): ExitCode {
  return OUTCOME_EXIT[outcome]
}

/** The worst of several exit codes; 0 when there are none. */
export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes)
  return WORST_FIRST.find((code) => seen.has(code)) ?? 0
}
