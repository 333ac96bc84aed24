import type { ErrorReport, NodeOutcome } from '../outcome/outcome.ts'
import { exitOfReport, type Report } from './report.ts'
import type { Style, View } from './views/view.ts'
import { foldedLines, folds } from './folded.ts'
import { annotations, errorAnnotation } from './github.ts'
import { drawnTable } from './drawn-table.ts'
import { printable } from './printable.ts'

export const FORMATS = ['table', 'tsv', 'json', 'ndjson', 'yaml', 'name', 'github'] as const
/** What has a view for it has Markdown, too; see `formats` of a command. */
export type Format = (typeof FORMATS)[number] | 'markdown'

/**
 * The output format a command line asks for, before (and whether or not) it can be parsed: an error in it must already
 * obey the format. `--json` wins, then `-o`, then AKCTL_OUTPUT.
 */
export function askedFormat(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Format | undefined {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  if (words.some((word) => word === '--json' || word.startsWith('--json='))) return 'json'
  let wish = env['AKCTL_OUTPUT']
  for (const [index, word] of words.entries()) {
    const inline = /^(?:--output=|-o=?)(.+)$/.exec(word)
    if (inline !== null) wish = inline[1]
    else if (word === '-o' || word === '--output') wish = words[index + 1]
  }
  return ([...FORMATS, 'markdown'] as const).find((format) => format === wish)
}

/** The JSON document every command prints with `--json`, on success and on failure. */
export interface Envelope {
  readonly schema: string
  readonly ok: boolean
  readonly exit: number
  readonly data?: unknown
  readonly nodes?: readonly NodeOutcome<unknown>[]
  readonly warnings: readonly string[]
  readonly error?: ErrorReport
}

/** A report as its JSON document. */
export function envelopeOf(schema: string, report: Report, warnings: readonly string[]): Envelope {
  const exit = exitOfReport(report)
  return {
    schema,
    ok: exit === 0,
    exit,
    ...(report.data === undefined ? {} : { data: report.data }),
    ...(report.nodes === undefined ? {} : { nodes: report.nodes }),
    warnings,
  }
}

/** An error that ended a command as the same kind of document. */
function errorEnvelope(error: ErrorReport, exit: number, warnings: readonly string[]): Envelope {
  return { schema: 'error/1', ok: false, exit, warnings, error }
}

/** An error as stdout's document where the format asks for one; empty where only stderr speaks. */
export async function renderError(
  format: Format | undefined,
  error: ErrorReport,
  exit: number,
  warnings: readonly string[],
): Promise<string> {
  if (format === 'json') return `${JSON.stringify(errorEnvelope(error, exit, warnings), undefined, 2)}\n`
  if (format === 'github') return [errorAnnotation(error), annotations([], warnings, false)].join('')
  if (format !== 'yaml') return ''
  const { stringify } = await import('yaml')
  return stringify(errorEnvelope(error, exit, warnings))
}

/**
 * Everything of a report that goes to stdout in a given format, with its final newline; empty for an empty table.
 * @param fold whether equal results of a table fold; undefined: when there are many
 */
export async function render(
  format: Format,
  view: View,
  report: Report,
  warnings: readonly string[],
  style: Style,
  fold?: boolean,
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(envelopeOf(view.schema, report, warnings), undefined, 2)}\n`
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(envelopeOf(view.schema, report, warnings))
    }
    case 'ndjson':
      return lines((view.records?.(report) ?? records(report)).map((record) => JSON.stringify(record)))
    case 'name':
      return lines(view.names?.(report) ?? view.table(report).rows.map((row) => row[0] ?? ''))
    case 'markdown':
      return view.markdown?.(report) ?? ''
    case 'tsv':
      return lines(view.table(report).rows.map(tsvLine))
    case 'github':
      return `${await drawnTable(view.table(report), style)}${annotations(report.nodes ?? [], warnings, report.differences === true)}`
    case 'table': {
      const { nodes = [] } = report
      if (view.brief !== undefined && folds(nodes.length, fold))
        return foldedLines(nodes, (node) => view.brief?.(node) ?? '', style)
      return view.text === undefined ? drawnTable(view.table(report), style, view.tones) : ensureNewline(view.text(report, style))
    }
  }
}

function records(report: Report): readonly unknown[] {
  if (report.nodes !== undefined) return report.nodes
  return Array.isArray(report.data) ? (report.data as unknown[]) : [report.data]
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('')
}

function ensureNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

/** One row for scripts: cells without tabs, breaks and control sequences, separated by tabs. */
export function tsvLine(row: readonly string[]): string {
  return row.map(tsvCell).join('\t')
}

function tsvCell(cell: string): string {
  return printable(cell).replaceAll('\t', ' ')
}
