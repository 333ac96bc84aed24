import { isFailure } from '../fleet/fail-budget.ts'
import type { ErrorReport, NodeOutcome } from '../outcome/outcome.ts'
import { printable } from './printable.ts'

/** GitHub shows this many errors of a step, and as many warnings; further ones are dropped. */
const SHOWN = 10

/**
 * What failed as annotations of a GitHub Actions run, a line each; what does not fit among those that GitHub shows is in
 * the last one, and what was not tried in a warning.
 * Format: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotations(nodes: readonly NodeOutcome<unknown>[], warnings: readonly string[], differences: boolean): string {
  const failed = nodes.filter(({ outcome }) => isFailure(outcome))
  const shown = failed.length > SHOWN ? failed.slice(0, SHOWN - 1) : failed
  const errors = shown.flatMap(({ node, outcome, error }) =>
    error === undefined ? [] : [errorAnnotation(error, `${node}: ${outcome}`)],
  )
  const more = failed.slice(shown.length)
  if (more.length > 0) errors.push(command('error', `${more.length} more nodes`, more.map(brief)))
  const left = nodes.filter(({ outcome }) => outcome === 'skipped' || outcome === 'cancelled')
  const count = left.length === 1 ? '1 node' : `${left.length} nodes`
  if (left.length > 0) errors.push(command('warning', `${count} left out`, left.map(brief)))
  const told = [...warnings, ...(differences ? ['differences were found (exit 10)'] : [])]
  return [...errors, ...told.map((text) => command('warning', 'akctl', [text]))].join('')
}

function brief({ node, outcome }: NodeOutcome<unknown>): string {
  return `${node}: ${outcome}`
}

/** An error as an annotation, with what to do next. */
export function errorAnnotation({ message, detail = [], hints }: ErrorReport, title = 'akctl'): string {
  return command('error', title, [message, ...detail, ...hints.map((hint) => `-> ${hint}`)])
}

function command(kind: 'error' | 'warning', title: string, lines: readonly string[]): string {
  const data = lines
    .flatMap((line) => line.split('\n'))
    .map((line) => escaped(printable(line)))
    .join('%0A')
  return `::${kind} title=${escaped(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${data}\n`
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
