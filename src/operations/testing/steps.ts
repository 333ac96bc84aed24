import type { ErrorReport } from '../../outcome/outcome.ts'
import type { AkctlError } from '../../outcome/errors.ts'
import { reportOf } from '../../outcome/errors.ts'

/** The steps of a test, in their order. */
export const STEPS = [
  'resolve',
  'connect',
  'identity',
  'auth',
  'rights',
  'directory',
  'mta',
  'version',
  'agent',
  'clock',
] as const
export type StepName = (typeof STEPS)[number]

/** What one step of a test came to. */
export interface StepResult {
  readonly step: StepName
  readonly state: 'ok' | 'failed' | 'skipped'
  /** What was found, or why not. */
  readonly note: string
}

/** The account of one node's test. A step that nothing was said of is skipped. */
export class Steps {
  private readonly said = new Map<StepName, StepResult>()
  private failure: AkctlError | undefined

  ok(step: StepName, note: string): void {
    this.said.set(step, { step, state: 'ok', note })
  }

  skip(step: StepName, note: string): void {
    this.said.set(step, { step, state: 'skipped', note })
  }

  /** The first failure decides the node's outcome. */
  fail(step: StepName, error: AkctlError): void {
    this.said.set(step, { step, state: 'failed', note: error.message })
    this.failure ??= error
  }

  get error(): AkctlError | undefined {
    return this.failure
  }

  get report(): ErrorReport | undefined {
    return this.failure === undefined ? undefined : reportOf(this.failure)
  }

  results(): readonly StepResult[] {
    const failed = STEPS.find((step) => this.said.get(step)?.state === 'failed')
    const why = failed === undefined ? 'not looked at' : `not reached: ${failed} failed`
    return STEPS.map((step) => this.said.get(step) ?? { step, state: 'skipped', note: why })
  }
}
