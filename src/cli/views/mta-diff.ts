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
      ...stateRow(node, result),
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

/** How a node differs that has all settings and files a sync would give it; undefined: it does not, or they differ. */
function stateText({ synced, keys, files }: DiffResult): string | undefined {
  if (synced === 'yes' || keys.length + files.length > 0) return undefined
  if (synced === 'reload') return 'the running process has not loaded it'
  return synced === 'never' ? 'a sync would write its first revision' : 'a sync would put it right'
}

function stateRow(node: string, result: DiffResult | undefined): readonly (readonly string[])[] {
  const text = result === undefined ? undefined : stateText(result)
  return result === undefined || text === undefined ? [] : [[node, result.synced, text, '-', '-']]
}

function nodeText(node: string, result: DiffResult, style: Style): string {
  const { keys, files, revision } = result
  const same = keys.length + files.length === 0 ? `: ${stateText(result) ?? 'no differences'}` : ''
  const at = revision === undefined || revision === 0 ? 'never synced' : `revision ${revision}`
  const lines = [
    `${style.bold(node)} (${at})${same}`,
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
