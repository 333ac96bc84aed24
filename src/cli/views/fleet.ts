import { valueText } from '../../operations/mta/keys.ts'
import type { KeyChange } from '../../operations/mta/results.ts'
import type { FleetNodeResult, FleetReport, FleetSummary } from '../../operations/fleet/results.ts'
import type { Exported } from '../../operations/fleet/export.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { fleetMarkdown, type PlanRow } from './fleet-markdown.ts'
import { changeWords, keyWords, revisionText } from './mta-change.ts'
import { stateTone } from './tones.ts'
import type { Style, View } from './view.ts'

/** A plan, a line for each thing that changes. */
export const fleetPlanView: View<FleetSummary, FleetNodeResult> = {
  schema: 'fleet.plan/1',
  table: (report) => ({
    columns: ['NAME', 'ACTION', 'WHAT', 'FROM', 'TO'],
    rows: planRows(report).map(({ name, action, what, from, to }) => [name, action, what, from, to]),
  }),
  names: ({ nodes = [] }) => nodes.map(({ node }) => node),
  markdown: (report) => fleetMarkdown(report, planRows(report), summaryWords(report)),
}

/** What an apply did, or would do: a line a node. */
export const fleetApplyView: View<FleetSummary, FleetNodeResult> = {
  schema: 'fleet.apply/1',
  table: (report) => ({
    columns: ['NAME', 'OUTCOME', 'WHAT', 'REVISION'],
    rows: [...profileRows(report).map((row) => [row.name, appliedWord(report), changeText(row), '-']), ...nodeRows(report)],
  }),
  tones: { OUTCOME: stateTone },
  names: ({ nodes = [] }) => nodes.map(({ node }) => node),
}

/** The profile as a fleet file; nothing but its text, where it was not written to a file. */
export const fleetExportView: View<Exported> = {
  schema: 'fleet.export/1',
  table: ({ data }) => ({
    columns: ['FILE', 'WHAT'],
    rows: data?.text === undefined ? [[data?.file ?? '', exportWords(data)]] : textRows(data.text),
  }),
  text: ({ data }, style) => data?.text ?? exportText(data, style),
  names: ({ data }) => (data?.file === undefined ? [] : [data.file]),
}

/** Everything that a plan changes, the profile first. */
export function planRows(report: Partial<FleetReport>): readonly PlanRow[] {
  return [...profileRows(report), ...(report.nodes ?? []).flatMap(nodePlanRows)]
}

/** `1 to create, 2 to change, 1 to sync; left alone: 3 nodes that are not in the file`. */
export function summaryWords({ data }: Partial<FleetReport>): string {
  if (data === undefined) return ''
  const counts = [
    [data.create, 'to create'],
    [data.change, 'to change'],
    [data.delete, 'to delete'],
    [data.sync, 'to tell their settings'],
  ] as const
  const said = counts.flatMap(([count, words]) => (count === 0 ? [] : [`${count} ${words}`]))
  const profile = data.defaults.length + data.groups.length > 0 ? ['defaults or groups change'] : []
  const what = [...profile, ...(said.length === 0 ? [] : [`nodes: ${said.join(', ')}`])].join('; ') || 'no differences'
  const groups = data.unlistedGroups === 0 ? [] : [countWords(data.unlistedGroups, 'group')]
  const others = [...(data.unlisted === 0 ? [] : [countWords(data.unlisted, 'node')]), ...groups]
  const alone = others.length === 0 ? '' : `; not in the file, and left alone without --prune: ${others.join(', ')}`
  return `${what}${alone}${data.asked ? '' : '; the nodes were not asked'}`
}

function countWords(count: number, what: string): string {
  return count === 1 ? `a ${what}` : `${count} ${what}s`
}

function profileRows({ data }: Partial<FleetReport>): readonly PlanRow[] {
  const defaults = (data?.defaults ?? []).map((change) => ({ name: '(defaults)', action: 'change', ...settingRow(change) }))
  const groups = (data?.groups ?? []).map(({ name, from, to }) => {
    const action = from === undefined ? 'create' : to === undefined ? 'delete' : 'change'
    return { name: '(groups)', action, what: name, from: from ?? '-', to: to ?? '-' }
  })
  return [...defaults, ...groups]
}

function settingRow({ key, told, wanted }: KeyChange): Pick<PlanRow, 'what' | 'from' | 'to'> {
  return { what: key, from: valueText(key, told), to: valueText(key, wanted) }
}

function nodePlanRows({ node, outcome, result, error }: NodeOutcome<FleetNodeResult>): readonly PlanRow[] {
  const failed = error === undefined ? [] : [{ name: node, action: outcome, what: 'not asked', from: '-', to: error.message }]
  if (result === undefined) return failed
  const { action, fields, settings, drift } = result
  const row = (what: string, from: string, to: string): PlanRow => ({ name: node, action, what, from, to })
  const made = fields.map(({ field, to }) => `${field} ${to}`).join(', ')
  const own = action === 'create' ? [row('record', '-', made)] : fields.map(({ field, from, to }) => row(field, from, to))
  const rows = [
    ...(action === 'delete' ? [row('record', node, '-')] : own),
    ...settings.map((change) => ({ name: node, action, ...settingRow(change) })),
    ...(drift === undefined ? [] : driftRows(node, drift)),
  ]
  return [...rows, ...failed]
}

function driftRows(name: string, drift: NonNullable<FleetNodeResult['drift']>): readonly PlanRow[] {
  const { synced, installed, keys, edited, revision, by, at } = drift
  if (synced === 'yes') return []
  const row = (what: string, from: string, to: string): PlanRow => ({ name, action: 'sync', what, from, to })
  if (!installed) return [row('not prepared: akctl nodes install', '-', '-')]
  const told = by === undefined ? 'told nothing yet' : `told by ${by} at ${at ?? '-'} (revision ${revision ?? '-'})`
  const state = synced === 'reload' ? 'written, but not loaded' : told
  return [
    row('synced', `${synced}: ${state}`, 'yes'),
    ...keys.map((change): PlanRow => ({ name, action: 'sync', ...settingRow(change), what: `told ${change.key}` })),
    ...edited.map((file) => row(`file ${file}`, 'edited by hand', 'as akctl writes it')),
  ]
}

/** Why a node failed is said once, below the table. */
function nodeRows({ nodes = [], data }: Partial<FleetReport>): readonly (readonly string[])[] {
  return nodes.map(({ node, outcome, result, error }) => {
    if (result === undefined) return [node, outcome, '-', '-']
    const { action, fields, settings, sync, syncs } = result
    const record = [...fields.map(({ field, from, to }) => `${field}: ${from} -> ${to}`), ...settings.map(keyWords)].join(', ')
    const done = data?.dryRun === true ? `to ${action}` : `${action}d`
    const words = [
      ...(action === 'create' || action === 'delete' ? [done] : []),
      ...(action === 'change' ? [record] : []),
      ...(sync === undefined ? (syncs && error === undefined ? ['to be synced'] : []) : [`sync: ${changeWords(sync)}`]),
    ]
    return [node, outcome, words.join('; ') || '-', sync === undefined ? '-' : revisionText(sync)]
  })
}

function appliedWord({ data }: Partial<FleetReport>): string {
  return data?.dryRun === true ? 'ok' : 'changed'
}

function changeText({ what, from, to }: PlanRow): string {
  return `${what}: ${from} -> ${to}`
}

function textRows(text: string): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => [line])
}

function exportWords(data: Exported | undefined): string {
  if (data?.changed !== true) return 'says it all already, nothing to do'
  return `written: ${countWords(data.nodes, 'node')}`
}

function exportText(data: Exported | undefined, style: Style): string {
  return `${style.bold(data?.file ?? '')}: ${exportWords(data)}\n`
}
