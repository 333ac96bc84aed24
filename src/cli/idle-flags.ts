import { UsageError } from '../outcome/errors.ts'

/** What oclif parsed of the flags of waves. */
export interface WaveFlags {
  readonly serial?: string | undefined
  readonly 'pause-between'?: string | undefined
  readonly gate?: boolean | undefined
  readonly 'gate-timeout'?: string | undefined
  readonly 'gate-queue'?: number | undefined
  readonly 'on-failure'?: string | undefined
}

/** Flags that mean something only with --serial. */
const WAVES_ONLY = ['pause-between', 'gate', 'gate-timeout', 'gate-queue', 'on-failure'] as const

/** @throws UsageError for a flag of waves without --serial: it would do nothing */
export function refuseIdleWaves(flags: WaveFlags): void {
  const idle = WAVES_ONLY.filter((name) => flags[name] !== undefined).map((name) =>
    flags[name] === false ? `--no-${name}` : `--${name}`,
  )
  if (idle.length === 0) return
  throw new UsageError(`${idle.join(' and ')} ${idle.length === 1 ? 'has' : 'have'} a meaning only in waves`, {
    hints: ['give --serial too: --serial 1,10%,100%, or --serial 100% for one wave'],
  })
}

/** The flags that were typed, of what oclif has read; others have their value from a variable, or by default. */
export function typedFlags(
  raw: readonly ({ readonly type: 'flag'; readonly flag: string } | { readonly type: 'arg' })[],
): readonly string[] {
  return raw.flatMap((token) => (token.type === 'flag' ? [token.flag] : []))
}

/**
 * Takes flags of waves away that a variable has set where there are no waves: only what was typed is a mistake there.
 * @param flags as parsed; changed
 */
export function dropIdleWaves(flags: Record<string, unknown>, typed: readonly string[]): void {
  if (flags['serial'] !== undefined) return
  for (const name of WAVES_ONLY) if (!typed.includes(name)) flags[name] = undefined
}
