import type { LogLine } from '../../operations/logs/log-merge.ts'
import { printable } from '../printable.ts'
import type { Style, View } from './view.ts'

/** Log lines of nodes, oldest first. */
export const nodeLogsView: View<readonly LogLine[], undefined> = {
  schema: 'node.logs/1',
  table: ({ data = [] }) => ({ columns: ['NODE', 'TIME', 'LEVEL', 'TEXT'], rows: data.map(logRow) }),
  text: ({ data = [], nodes = [] }, style) => data.map((line) => `${logText(line, nodes.length > 1, style)}\n`).join(''),
  records: ({ data = [] }) => data,
}

/** A line's fields for scripts. */
export function logRow({ node, at, level, text }: LogLine): readonly string[] {
  return [node, at ?? '-', level, text]
}

/** A line for a person; with its node's name when there are several. */
export function logText({ node, at, level, text }: LogLine, several: boolean, style: Style): string {
  const name = several ? `${style.bold(node)} ` : ''
  const tone = level === 'error' || level === 'fatal' ? 'bad' : level === 'warning' ? 'warn' : 'dim'
  return `${name}${style.dim(at ?? '-')} ${style[tone](level.padEnd(7))} ${printable(text)}`
}
