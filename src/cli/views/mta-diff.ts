import type { TextDiff } from '../../mta/shared/results.ts'
import { valueText } from '../../operations/mta/keys.ts'
import type { DiffResult } from '../../operations/mta/results.ts'
import { printable } from '../printable.ts'
import type { Style, View } from './view.ts'

/** Differences between what nodes were told, their files, and what a sync would make of them. */
export const mtaDiffView: View<undefined, DiffResult> = {
  schema: 'mta.diff/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'KIND', 'WHAT', 'TOLD', 'WANTED'],
    rows: nodes.flatMap(({ node, result }) => [
      ...(result?.keys ?? []).map(({ key, told, wanted }) => [
        node,
        'setting',
        key,
        valueText(key, told),
        valueText(key, wanted),
      ]),
      ...(result?.files ?? []).map(({ file, cause }) => [node, cause, file, '-', '-']),
    ]),
  }),
  text: ({ nodes = [] }, style) =>
    nodes.flatMap(({ node, result }) => (result === undefined ? [] : [nodeText(node, result, style)])).join(''),
}

const CAUSES: Readonly<Record<TextDiff['cause'], string>> = {
  pending: 'a sync would change it',
  edited: 'edited by hand; a sync would replace it',
  base: 'the base has changed; a sync would take it in',
}

function nodeText(node: string, { keys, files, revision }: DiffResult, style: Style): string {
  const at = revision === undefined || revision === 0 ? 'never synced' : `revision ${revision}`
  const lines = [
    `${style.bold(node)} (${at})${keys.length + files.length === 0 ? ': no differences' : ''}`,
    ...keys.map(
      ({ key, told, wanted }) => `  ${key}: ${style.bad(valueText(key, told))} -> ${style.good(valueText(key, wanted))}`,
    ),
    ...files.flatMap(({ file, cause, diff }) => [
      `  ${style.bold(printable(file))} ${style.dim(`(${CAUSES[cause]})`)}`,
      ...diff
        .split('\n')
        .filter(Boolean)
        .map((line) => `    ${diffLine(line, style)}`),
    ]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function diffLine(line: string, style: Style): string {
  const text = printable(line)
  if (line.startsWith('+') && !line.startsWith('+++')) return style.good(text)
  if (line.startsWith('-') && !line.startsWith('---')) return style.bad(text)
  return style.dim(text)
}
