import { countsOf } from '../../src/operations/fleet/plan.ts'
import type { FleetNodeResult, FleetReport, FleetSummary } from '../../src/operations/fleet/results.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { fleetApplyView, fleetPlanView, summaryWords } from '../../src/cli/views/fleet.ts'

const NOTHING = { fields: [], settings: [], syncs: false } as const

function reportOf(nodes: readonly NodeOutcome<FleetNodeResult>[], more: Partial<FleetSummary> = {}): FleetReport {
  const data: FleetSummary = {
    ...countsOf(nodes),
    ...{
      file: 'fleet.yaml',
      profile: 'default',
      asked: true,
      dryRun: true,
      unlisted: 0,
      unlistedGroups: 0,
      defaults: [],
      groups: [],
    },
    ...more,
  }
  return { data, nodes }
}

function changed(node: string, from: string, to: string): NodeOutcome<FleetNodeResult> {
  return { node, outcome: 'ok', result: { ...NOTHING, action: 'change', fields: [{ field: 'labels', from, to }] } }
}

function markdown(report: FleetReport): string {
  return fleetPlanView.markdown?.(report) ?? ''
}

test('without differences there is no table', () => {
  expect(markdown(reportOf([]))).toBe('### Fleet plan of `fleet.yaml`\n\nno differences.\n')
})

test.each([
  ['a|b', '`a\\|b`'],
  ['<b>@ops</b> #1', '`<b>@ops</b> #1`'],
  ['a`b', '``a`b``'],
  ['`a``', '``` `a`` ```'],
  ['two\nlines\u001b[31m', '`two lines\ufffd[31m`'],
])('%j stands in a cell as it is', (text, cell) => {
  expect(markdown(reportOf([changed('mx1', '-', text)]))).toContain(`| \`mx1\` | \`change\` | \`labels\` |  | ${cell} |\n`)
})

test('what is deleted stands above the table', () => {
  const gone = { node: 'gone', outcome: 'ok', result: { ...NOTHING, action: 'delete' } } as const
  expect(markdown(reportOf([gone]))).toContain('**Deleted from the profile:** `gone`\n')
})

test('a long table is folded, and one too long for a comment is cut and says so', () => {
  const some = markdown(reportOf(Array.from({ length: 21 }, (_, index) => changed(`mx${index}`, 'a', 'b'))))
  expect(some).toMatch(/<details>\n<summary>21 changes<\/summary>\n\n\| node [^]*\n\n<\/details>\n$/)
  expect(markdown(reportOf(Array.from({ length: 20 }, (_, index) => changed(`mx${index}`, 'a', 'b'))))).not.toContain('<details>')
  const many = markdown(reportOf(Array.from({ length: 10_000 }, (_, index) => changed(`mx${index}`, 'a', 'b'))))
  expect(many.length).toBeLessThan(65_536)
  expect(many).toMatch(/\n… and \d+ more lines, which are too many for a comment\.\n/)
})

test('the summary counts, and names what is left alone', () => {
  const created = { node: 'new', outcome: 'ok', result: { ...NOTHING, action: 'create', syncs: true } } as const
  const more = { unlisted: 3, unlistedGroups: 1, asked: false, defaults: [{ key: 'profiling', wanted: true }] } as const
  expect(summaryWords(reportOf([created, changed('mx1', 'a', 'b')], more))).toBe(
    'defaults or groups change; nodes: 1 to create, 1 to change, 1 to tell their settings; not in the file, and left alone without --prune: 3 nodes, a group; the nodes were not asked',
  )
})

test('what was applied is a line a node, with what was done and what went wrong', () => {
  const sync = { verb: 'sync', dryRun: false, steps: ['wrote', 'reloaded'], revision: 3 } as const
  const error = { kind: 'failed', message: 'not prepared', hints: [] }
  const nodes: readonly NodeOutcome<FleetNodeResult>[] = [
    {
      node: 'mx1',
      outcome: 'changed',
      result: { ...NOTHING, action: 'change', syncs: true, settings: [{ key: 'spool-readers', wanted: 4 }], sync },
    },
    { node: 'new', outcome: 'failed', result: { ...NOTHING, action: 'create', syncs: true }, error },
    {
      node: 'back',
      outcome: 'failed',
      result: { ...NOTHING, action: 'none', syncs: true, sync: { ...sync, putBack: { to: 2, revision: 4 } } },
      error,
    },
    { node: 'gone', outcome: 'changed', result: { ...NOTHING, action: 'delete' } },
  ]
  expect(fleetApplyView.table(reportOf(nodes, { dryRun: false, groups: [{ name: 'eu', to: 'mx1' }] })).rows).toEqual([
    ['(groups)', 'changed', 'eu: - -> mx1', '-'],
    ['mx1', 'changed', 'spool-readers: not set -> 4; sync: settings written, reloaded', '3'],
    ['new', 'failed', 'created', '-'],
    ['back', 'failed', 'sync: put back: the settings of revision 2', '4'],
    ['gone', 'changed', 'deleted', '-'],
  ])
  expect(
    fleetApplyView.table(reportOf([{ node: 'new', outcome: 'ok', result: { ...NOTHING, action: 'create', syncs: true } }])).rows,
  ).toEqual([['new', 'ok', 'to create; to be synced', '-']])
})
