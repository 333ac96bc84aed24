import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Report } from '../report.ts'

/** A table as data; on a terminal it is drawn with headers, piped it is tab-separated without. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What a view may use to look good on a terminal; every function is the identity where colour is off. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
}

/** A function of {@link Style}, by name. */
export type Tone = keyof Style

/** How one result type looks. New columns go to the end of a table: scripts count fields. */
export interface View<D = unknown, N = unknown> {
  /** Name and version of the JSON form: `nodes.list/1`; its schema is docs/schema/nodes.list-1.json. */
  readonly schema: string
  table(report: Report<D, N>): Table
  /** How the cells of a column look on a terminal, by the column's name. */
  readonly tones?: Readonly<Record<string, (cell: string) => Tone>>
  /** For a terminal only, instead of the table: details of one thing. */
  text?(report: Report<D, N>, style: Style): string
  /** A node's result in the words that an operator compares: of many nodes, equal ones fold into one line on a terminal. */
  brief?(node: NodeOutcome<N>): string
  /** For `-o name`, one a line; default: the first column. */
  names?(report: Report<D, N>): readonly string[]
  /** For `-o ndjson`, one a line; default: the nodes, or the data (its elements when it is a list). */
  records?(report: Report<D, N>): readonly unknown[]
  /** For `-o markdown`, which only commands with such a view have. */
  markdown?(report: Report<D, N>): string
}
