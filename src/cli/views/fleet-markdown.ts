import type { FleetReport } from '../../operations/fleet/results.ts'
import { printable } from '../printable.ts'

/** One thing that a plan changes. */
export interface PlanRow {
  /** A node, or what of the profile. */
  readonly name: string
  readonly action: string
  readonly what: string
  readonly from: string
  readonly to: string
}

/** Rows from which on a table is folded away. */
const FOLD_ABOVE = 20
/** Comments on a pull request hold 65,536 characters. */
const LIMIT = 60_000

/** A plan as it is pasted into a pull request. */
export function fleetMarkdown({ data, nodes = [] }: Partial<FleetReport>, rows: readonly PlanRow[], summary: string): string {
  const head = [`### Fleet plan of ${code(data?.file ?? '')}`, '', `${escaped(summary)}.`]
  const deletes = nodes.filter(({ result }) => result?.action === 'delete').map(({ node }) => code(node))
  const warning = deletes.length === 0 ? [] : ['', `**Deleted from the profile:** ${some(deletes)}`]
  return [...head, ...warning, ...(rows.length === 0 ? [] : ['', ...tableOf(rows)]), ''].join('\n')
}

function tableOf(rows: readonly PlanRow[]): readonly string[] {
  const lines = ['| node | action | what | from | to |', '| --- | --- | --- | --- | --- |']
  let length = 0
  let shown = 0
  for (const { name, action, what, from, to } of rows) {
    const line = `| ${[name, action, what, from, to].map(cell).join(' | ')} |`
    length += line.length + 1
    if (length > LIMIT) break
    lines.push(line)
    shown++
  }
  const more = shown === rows.length ? [] : ['', `… and ${rows.length - shown} more lines, which are too many for a comment.`]
  if (rows.length <= FOLD_ABOVE) return [...lines, ...more]
  return ['<details>', `<summary>${rows.length} changes</summary>`, '', ...lines, ...more, '', '</details>']
}

/** A few of many. */
function some(words: readonly string[]): string {
  return words.length <= 50 ? words.join(', ') : `${words.slice(0, 50).join(', ')} and ${words.length - 50} more`
}

function cell(text: string): string {
  return text === '-' ? '' : code(text).replaceAll('|', '\\|')
}

/** As code, where Markdown, HTML and mentions of people mean nothing. */
function code(text: string): string {
  const line = printable(text).trim()
  if (line === '') return ''
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  const room = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${room}${line}${room}${fence}`
}

function escaped(text: string): string {
  return printable(text).replace(/[\\`*_[\]<>|&@#]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
