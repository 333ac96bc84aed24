import { foldedLines, folds } from '../../src/cli/folded.ts'
import { PLAIN } from '../../src/cli/style.ts'
import { mtaChangeView } from '../../src/cli/views/mta-change.ts'
import { mtaStatusView } from '../../src/cli/views/mta-status.ts'
import type { ChangeResult, MtaStatus } from '../../src/operations/mta/results.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'

const state = (running: boolean, pid: number): MtaStatus => ({
  ...{ running, pid, installed: true, listening: [], edited: [], clock: 0, synced: 'yes', unmet: [] },
})
const name = (number: number): string => `mx${String(number).padStart(2, '0')}`

test('equal results are one line, whatever their pids; the most frequent comes first', () => {
  const nodes: NodeOutcome<MtaStatus>[] = [
    { node: 'mx39', outcome: 'ok', result: state(false, 0) },
    ...Array.from({ length: 38 }, (_, at): NodeOutcome<MtaStatus> => ({
      node: name(at + 1),
      outcome: 'ok',
      result: state(true, at),
    })),
    { node: 'mx40', outcome: 'unreachable' },
  ]
  const lines = foldedLines(nodes, (node) => mtaStatusView.brief?.(node) ?? '', PLAIN).split('\n')
  expect(lines).toEqual(['mx[01-38]: running, synced (38)', 'mx39: stopped, synced', 'mx40: unreachable', ''])
})

test('a change folds by what was done', () => {
  const done = (steps: ChangeResult['steps'], revision: number): ChangeResult => ({
    verb: 'sync',
    dryRun: false,
    steps,
    revision,
  })
  const nodes: NodeOutcome<ChangeResult>[] = [
    { node: 'a1', outcome: 'changed', result: done(['wrote', 'reloaded'], 4) },
    { node: 'a2', outcome: 'changed', result: done(['wrote', 'reloaded'], 9) },
    { node: 'a3', outcome: 'ok', result: done([], 4) },
    { node: 'a4', outcome: 'failed', error: { kind: 'failed', message: 'a4: no room', hints: [] } },
  ]
  const view = mtaChangeView('sync')
  expect(foldedLines(nodes, (node) => view.brief?.(node) ?? '', PLAIN).split('\n')).toEqual([
    'a[1-2]: changed, settings written, reloaded (2)',
    'a3: ok, is synced already, nothing to do',
    'a4: failed',
    '',
  ])
})

test('many fold, few do not, and a wish decides', () => {
  expect([folds(20, undefined), folds(21, undefined), folds(2, true), folds(500, false)]).toEqual([false, true, true, false])
})
