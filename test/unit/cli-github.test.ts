import { annotations, errorAnnotation } from '../../src/cli/github.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'

const failed = (node: string, message = 'no route'): NodeOutcome<unknown> => ({
  ...{ node, outcome: 'unreachable' },
  error: { kind: 'unreachable', message, hints: ['try again'] },
})

test('a failure is a line, with what to do next; what was not tried is a warning, and what went well is nothing', () => {
  const nodes: NodeOutcome<unknown>[] = [
    { node: 'mx1', outcome: 'changed' },
    failed('mx2'),
    { node: 'mx3', outcome: 'skipped', error: { kind: 'skipped', message: 'left out', hints: [] } },
  ]
  expect(annotations(nodes, ['an old store'], true).split('\n')).toEqual([
    '::error title=mx2%3A unreachable::no route%0A-> try again',
    '::warning title=1 node left out::mx3: skipped',
    '::warning title=akctl::an old store',
    '::warning title=akctl::differences were found (exit 10)',
    '',
  ])
})

test('more than GitHub shows are all named: the last line has the rest', () => {
  const nodes = Array.from({ length: 25 }, (_, index) => failed(`mx${index}`))
  const lines = annotations(nodes, [], false).trimEnd().split('\n')
  expect(lines).toHaveLength(10)
  for (const { node } of nodes) expect(lines.join('\n')).toContain(node)
  expect(lines[9]).toMatch(/^::error title=16 more nodes::mx9: unreachable%0Amx10: unreachable%0A/)
})

test('what a node printed cannot end the line, begin a command, or reach the terminal', () => {
  const hostile = { kind: 'failed', message: '100% full\n::set-env name=A::b\r\u001b[31m', hints: [] }
  const text = errorAnnotation(hostile, 'a:b,c')
  expect(text.trimEnd().split('\n')).toHaveLength(1)
  expect(text).toMatch(/^::error title=a%3Ab%2Cc::100%25 full%0A::set-env/)
  expect(text).not.toContain('\u001b')
})
