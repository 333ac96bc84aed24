import type { EditReport, NodeEdit } from '../../operations/settings/edit.ts'
import type { SettingLine } from '../../operations/settings/list.ts'
import type { PullResult } from '../../operations/settings/pull.ts'
import type { SettingsChange } from '../../operations/settings/change.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { changeWords, keyWords } from './mta-change.ts'
import type { View } from './view.ts'

/** Settings of nodes, or (in `data`) the profile's defaults. */
export const settingsListView: View<readonly SettingLine[], readonly SettingLine[]> = {
  schema: 'settings.list/1',
  table: ({ data, nodes = [] }) => ({
    columns: ['NODE', 'KEY', 'VALUE', 'ORIGIN', 'SUPPORT'],
    rows:
      data === undefined
        ? nodes.flatMap(({ node, result = [] }) => result.map((line) => lineRow(node, line)))
        : data.map((line) => lineRow('(defaults)', line)),
  }),
  records: ({ data, nodes = [] }) => data ?? nodes.flatMap(({ node, result = [] }) => result.map((line) => ({ node, ...line }))),
}

function lineRow(node: string, { key, text, origin, support }: SettingLine): readonly string[] {
  return [node, key, text ?? '-', origin, support ?? '-']
}

/** One value alone, for `$(akctl settings get …)`; empty when nobody set it. */
export const settingsGetView: View<SettingLine> = {
  schema: 'settings.get/1',
  table: ({ data }) => ({ columns: ['VALUE'], rows: data?.text === undefined ? [] : [[data.text]] }),
  text: ({ data }) => data?.text ?? '',
}

/** What became of settings: a line a node, or one for the profile's defaults. */
export function settingsEditView(verb: 'set' | 'unset'): View<SettingsChange, NodeEdit> {
  return {
    schema: `settings.${verb}/1`,
    table: (report) => ({
      columns: ['NAME', 'OUTCOME', 'WHAT'],
      rows: [...defaultsRow(report), ...(report.nodes ?? []).map(editRow)],
    }),
  }
}

function defaultsRow({ data }: EditReport): readonly (readonly string[])[] {
  if (data === undefined) return []
  return [['(defaults)', data.changes.length > 0 && !data.dryRun ? 'changed' : 'ok', changesWords(data)]]
}

function editRow({ node, outcome, result }: NodeOutcome<NodeEdit>): readonly string[] {
  const { changes, dryRun = false, sync } = result ?? {}
  const words = [
    ...(changes === undefined ? [] : [changesWords({ changes, dryRun })]),
    ...(sync === undefined ? [] : [`sync: ${changeWords(sync)}`]),
  ]
  return [node, outcome, words.join('; ') || '-']
}

function changesWords({ changes, dryRun }: SettingsChange): string {
  if (changes.length === 0) return 'is so already, nothing to do'
  return `${dryRun ? 'would be: ' : ''}${changes.map(keyWords).join(', ')}`
}

export const settingsPullView: View<undefined, PullResult> = {
  schema: 'settings.pull/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'OUTCOME', 'WHAT', 'REVISION'],
    rows: nodes.map(({ node, outcome, result }) => [
      node,
      outcome,
      result === undefined ? '-' : changesWords(result),
      result === undefined ? '-' : String(result.revision),
    ]),
  }),
}
