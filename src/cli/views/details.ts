import { printable } from '../printable.ts'
import type { Style, Table } from './view.ts'

/** One thing's fields, in order; a value of several lines or elements is a list. */
export type Details = readonly (readonly [name: string, value: string | readonly string[]])[]

/** Fields as an aligned list for a terminal. */
export function detailsText(details: Details, style: Style): string {
  const width = Math.max(0, ...details.map(([name]) => name.length))
  return details
    .flatMap(([name, value]) => {
      const [first = '-', ...rest] = typeof value === 'string' ? [value] : value
      const label = style.bold(name.padEnd(width))
      return [`${label}  ${printable(first)}`, ...rest.map((line) => `${' '.repeat(width)}  ${printable(line)}`)]
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** Fields as rows, one a value, for scripts. */
export function detailsTable(details: Details): Table {
  const rows = details.flatMap(([name, value]) => (typeof value === 'string' ? [value] : value).map((each) => [name, each]))
  return { columns: ['FIELD', 'VALUE'], rows }
}
