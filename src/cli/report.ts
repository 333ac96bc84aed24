import type { NodeOutcome } from '../outcome/outcome.ts'
import { type ExitCode, exitOf, worstExit } from '../outcome/exit-codes.ts'

/** What a command found or did, before anybody decides how it looks. */
export interface Report<D = unknown, N = unknown> {
  /** The result of a command that is not about single nodes. */
  readonly data?: D
  /** One entry a node, in the order of the selection. */
  readonly nodes?: readonly NodeOutcome<N>[]
  /** True when the command looked for differences and found some (exit 10). */
  readonly differences?: boolean
  /** True when what the run was to leave behind could not be written (exit 1). */
  readonly unkept?: boolean
}

/** The exit code a report ends with: the worst of its nodes and, below a failure, the differences. */
export function exitOfReport(report: Report): ExitCode {
  const codes: ExitCode[] = (report.nodes ?? []).map((node) => (node.error?.kind === 'bug' ? 70 : exitOf(node.outcome)))
  if (report.differences === true) codes.push(10)
  if (report.unkept === true) codes.push(1)
  return worstExit(codes)
}
