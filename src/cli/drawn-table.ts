import { printable } from './printable.ts'
import type { Style, Table, View } from './views/view.ts'

const NO_BORDERS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
)

/** A table for a terminal: headers, aligned columns, no borders (drawn by cli-table3, loaded only here). */
export async function drawnTable(table: Table, style: Style, tones: View['tones'] = {}): Promise<string> {
  if (table.rows.length === 0) return ''
  const { default: CliTable } = await import('cli-table3')
  const drawn = new CliTable({
    head: table.columns.map((column) => style.bold(column)),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  const cell = (text: string, at: number): string => {
    const tone = tones[table.columns[at] ?? '']
    return tone === undefined ? printable(text) : style[tone(text)](printable(text))
  }
  drawn.push(...table.rows.map((row) => row.map(cell)))
  return drawn
    .toString()
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}
