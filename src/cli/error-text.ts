import type { Writable } from 'node:stream'
import type { ErrorReport, NodeOutcome } from '../outcome/outcome.ts'
import { printable } from './printable.ts'
import { write } from './streams.ts'

/** One error for a person: what happened, lines that explain it, what to do next. */
export async function printError(stderr: Writable, error: ErrorReport): Promise<void> {
  await write(stderr, errorLines('akctl: ', error))
}

/** What went wrong on each node, after the table. */
export async function printNodeErrors(stderr: Writable, nodes: readonly NodeOutcome<unknown>[]): Promise<void> {
  for (const { node, error } of nodes) {
    if (error === undefined) continue
    const named = error.message.startsWith(`${node}: `) || error.message.startsWith(`${node} (`)
    await write(stderr, errorLines(named ? '' : `${node}: `, error))
  }
}

function errorLines(prefix: string, error: ErrorReport): string {
  const [first = '', ...more] = error.message.split('\n')
  return [
    `${prefix}${printable(first)}`,
    ...more.map((line) => `  ${printable(line)}`),
    ...(error.detail ?? []).map((line) => `  | ${printable(line)}`),
    ...error.hints.map((hint) => `  -> ${printable(hint)}`),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
