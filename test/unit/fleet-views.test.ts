import { PLAIN } from '../../src/cli/style.ts'
import { changeWords, mtaChangeView } from '../../src/cli/views/mta-change.ts'
import { mtaDiffView } from '../../src/cli/views/mta-diff.ts'
import { mtaStatusView } from '../../src/cli/views/mta-status.ts'
import { nodesInstallView } from '../../src/cli/views/nodes-install.ts'
import { nodesTestView } from '../../src/cli/views/nodes-test.ts'
import { settingsEditView } from '../../src/cli/views/settings.ts'
import { ago } from '../../src/cli/views/words.ts'
import type { ChangeResult } from '../../src/operations/mta/results.ts'
import { Steps } from '../../src/operations/testing/steps.ts'
import { FailedError, UnauthorizedError } from '../../src/outcome/errors.ts'

const ERROR = { kind: 'unreachable', message: 'no route', hints: [] }

test.each<[number, string]>([
  [0, '0s'],
  [59.9, '59s'],
  [60, '1m'],
  [3599, '59m'],
  [3600, '1h0m'],
  [86_399, '23h59m'],
  [86_400, '1d0h'],
  [700_000, '8d2h'],
])('%d s is %s', (seconds, text) => {
  expect(ago(seconds)).toBe(text)
})

describe('what a verb did, in words', () => {
  const result = (change: Partial<ChangeResult>): ChangeResult => ({ verb: 'sync', dryRun: false, steps: [], ...change })
  test.each<[Partial<ChangeResult>, string]>([
    [{ verb: 'start' }, 'runs already, nothing to do'],
    [{ verb: 'stop' }, 'is stopped already, nothing to do'],
    [{ verb: 'sync' }, 'is synced already, nothing to do'],
    [{ steps: ['wrote'] }, 'settings written'],
    [
      {
        steps: ['wrote', 'reloaded'],
        keys: [
          { key: 'dns-lookup-timeout', told: 5, wanted: 9 },
          { key: 'profiling', told: true },
        ],
      },
      'settings written (dns-lookup-timeout: 5s -> 9s, profiling: on -> not set), reloaded',
    ],
    [{ verb: 'start', steps: ['wrote', 'started'] }, 'settings written, started'],
    [{ steps: ['wrote', 'not-loaded'] }, 'settings written, not loaded by the running process yet'],
    [{ steps: ['not-loaded'] }, 'nothing to write, not loaded by the running process yet'],
    [{ verb: 'rollback', steps: ['wrote', 'restarted'] }, 'earlier settings written, restarted'],
    [{ verb: 'rollback', steps: ['wrote', 'restarted'], to: 4 }, 'settings of revision 4 written, restarted'],
    [{ verb: 'stop', steps: ['stopped'], dryRun: true }, 'would be: stopped'],
    [{ steps: ['reloaded'], keys: [{ key: 'profiling', told: true }] }, 'reloaded'],
  ])('%j: %s', (change, text) => {
    expect(changeWords(result(change))).toBe(text)
  })

  test('why a node failed is not in its line: it is said below the table', () => {
    const { rows } = mtaChangeView('stop').table({
      nodes: [
        { node: 'mx1', outcome: 'unreachable', error: ERROR },
        { node: 'mx2', outcome: 'changed', result: result({ verb: 'stop', steps: ['stopped'], revision: 4 }) },
      ],
    })
    expect(rows).toEqual([
      ['mx1', 'unreachable', '-', '-'],
      ['mx2', 'changed', 'stopped', '4'],
    ])
  })
})

test('status: a line a node, whatever is known of it', () => {
  const state = { running: false, installed: true, listening: [], edited: [], clock: 0, unmet: [] }
  const { columns, rows } = mtaStatusView.table({
    nodes: [
      {
        node: 'mx1',
        outcome: 'ok',
        result: {
          ...state,
          running: true,
          pid: 7,
          uptime: 3700,
          version: '3.7.11',
          listening: ['127.0.0.1:25', '[::1]:25'],
          queue: { messages: 10_000, capped: true },
          record: { revision: 5, id: 'X', settings: {}, by: '', at: '', reason: '', schema: 1 },
          synced: 'reload',
        },
      },
      { node: 'mx2', outcome: 'ok', result: { ...state, installed: false, synced: 'never' } },
      { node: 'mx3', outcome: 'timeout', error: ERROR },
    ],
  })
  expect(columns.slice(0, 3)).toEqual(['NAME', 'STATUS', 'SYNCED'])
  expect(rows).toEqual([
    ['mx1', 'running', 'reload', '5', '7', '1h1m', '10000+', '127.0.0.1:25 [::1]:25', '3.7.11'],
    ['mx2', 'absent', 'never', '-', '-', '-', '-', '-', '-'],
    ['mx3', 'timeout', 'unknown', '-', '-', '-', '-', '-', '-'],
  ])
})

test('diff: for a person with the text of files, without their control sequences; for scripts a line a difference', () => {
  const report = {
    nodes: [
      {
        node: 'mx1',
        outcome: 'ok' as const,
        result: {
          synced: 'edited' as const,
          revision: 3,
          keys: [{ key: 'dns-lookup-timeout' as const, wanted: 9 }],
          files: [{ file: 'main.cf', cause: 'edited' as const, diff: '--- a\n+++ b\n-x\u001b[2J\n+y\n' }],
        },
      },
      { node: 'mx2', outcome: 'ok' as const, result: { synced: 'yes' as const, revision: 1, keys: [], files: [] } },
      { node: 'mx3', outcome: 'unreachable' as const, error: ERROR },
      { node: 'mx4', outcome: 'ok' as const, result: { synced: 'reload' as const, revision: 2, keys: [], files: [] } },
      { node: 'mx5', outcome: 'ok' as const, result: { synced: 'never' as const, revision: 0, keys: [], files: [] } },
    ],
  }
  expect(mtaDiffView.text?.(report, PLAIN)).toBe(
    [
      'mx1 (revision 3)',
      '  dns-lookup-timeout: - -> 9s',
      '  main.cf (edited by hand; a sync would replace it)',
      '    --- a',
      '    +++ b',
      '    -x\ufffd[2J',
      '    +y',
      'mx2 (revision 1): no differences',
      'mx4 (revision 2): the running process has not loaded it',
      'mx5 (never synced): a sync would write its first revision',
      '',
    ].join('\n'),
  )
  expect(mtaDiffView.table(report).rows).toEqual([
    ['mx1', 'setting', 'dns-lookup-timeout', '-', '9s'],
    ['mx1', 'edited', 'main.cf', '-', '-'],
    ['mx4', 'reload', 'the running process has not loaded it', '-', '-'],
    ['mx5', 'never', 'a sync would write its first revision', '-', '-'],
  ])
})

test('settings: a line for the defaults before the lines of nodes', () => {
  const change = { key: 'profiling', wanted: true } as const
  const { rows } = settingsEditView('set').table({
    data: { changes: [change], dryRun: false },
    nodes: [
      { node: 'mx1', outcome: 'changed', result: { sync: { verb: 'sync', dryRun: false, steps: ['wrote'] } } },
      { node: 'mx2', outcome: 'unreachable', result: { changes: [change], dryRun: false }, error: ERROR },
    ],
  })
  expect(rows).toEqual([
    ['(defaults)', 'changed', 'profiling: not set -> on'],
    ['mx1', 'changed', 'sync: settings written'],
    ['mx2', 'unreachable', 'profiling: not set -> on'],
  ])
})

test('install: what was sent and what was made', () => {
  const made = { listen: '127.0.0.1:25', hostname: 'mx', dryRun: false, sent: false }
  const words = (change: object): string | undefined =>
    nodesInstallView.table({ nodes: [{ node: 'mx1', outcome: 'ok', result: { ...made, ...change } }] }).rows[0]?.[2]
  expect(words({ made: true })).toBe('prepared, listening on 127.0.0.1:25 as mx')
  expect(words({ made: true, sent: true })).toBe('programs sent, prepared, listening on 127.0.0.1:25 as mx')
  expect(words({ made: false, sent: true })).toBe('programs sent; the base is as it was')
  expect(words({ made: false })).toBe('is prepared already, nothing to do')
  expect(words({ dryRun: true, sent: true })).toBe(
    'would be: programs sent, prepared where it is not yet, listening on 127.0.0.1:25 as mx',
  )
})

describe('the steps of a test', () => {
  test('what comes after a failure was not reached; the first failure is the one that counts', () => {
    const steps = new Steps()
    steps.ok('resolve', 'an address')
    steps.fail('auth', new UnauthorizedError('key refused'))
    steps.fail('mta', new FailedError('later'))
    const results = steps.results()
    expect(results.map(({ step, state }) => `${step} ${state}`).slice(0, 7)).toEqual([
      'resolve ok',
      'connect skipped',
      'identity skipped',
      'auth failed',
      'rights skipped',
      'directory skipped',
      'mta failed',
    ])
    expect(results[4]?.note).toBe('not reached: auth failed')
    expect(steps.report).toMatchObject({ kind: 'unauthorized', message: 'key refused' })
  })

  test('are shown a line each, hostile text made harmless', () => {
    const steps = new Steps()
    steps.ok('rights', 'root\u001b[2J')
    const report = { nodes: [{ node: 'mx1', outcome: 'ok' as const, result: { steps: steps.results() } }] }
    expect(nodesTestView.text?.(report, PLAIN).split('\n')[5]).toBe('  rights    ok       root\ufffd[2J')
    expect(nodesTestView.table(report).rows[4]).toEqual(['mx1', 'rights', 'ok', 'root\u001b[2J'])
    expect(nodesTestView.names?.(report)).toEqual(['mx1'])
  })
})
