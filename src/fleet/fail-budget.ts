import { SkippedError } from '../outcome/errors.ts'
import type { Outcome } from '../outcome/outcome.ts'
import { type Share, shareOf, shareText } from './share.ts'

/** Outcomes that are no failure: what was done, and what nobody tried. */
const NO_FAILURE: ReadonlySet<Outcome> = new Set(['ok', 'changed', 'cancelled', 'skipped'])

/** Whether an outcome is a failure of its node, as `--max-fail` counts; a node that may have changed (`unknown`) is one. */
export function isFailure(outcome: Outcome): boolean {
  return !NO_FAILURE.has(outcome)
}

/** The failures that a run may have before it starts no new node: one account for all of its waves. */
export class FailBudget {
  private failed = 0

  /** @param limit undefined: it never ends a run. @param total nodes of the whole run, which percent are of */
  constructor(
    private readonly limit: Share | undefined,
    private readonly total: number,
  ) {}

  count(outcome: Outcome): void {
    if (isFailure(outcome)) this.failed++
  }

  /** True once so many nodes have failed that no new one is started. */
  get spent(): boolean {
    return this.limit !== undefined && this.failed >= shareOf(this.limit, this.total)
  }

  /** Why a node was left out. */
  get reason(): SkippedError {
    const why = this.failed === 1 ? 'a node' : `${this.failed} nodes`
    const limit = this.limit === undefined ? '' : ` (--max-fail ${shareText(this.limit)})`
    return new SkippedError(`left out: ${why} failed before${limit}`)
  }
}
