import type { TestResult } from '../../operations/testing/test.ts'
import { printable } from '../printable.ts'
import type { View } from './view.ts'

/** A line a step, grouped by node. */
export const nodesTestView: View<undefined, TestResult> = {
  schema: 'nodes.test/1',
  table: ({ nodes = [] }) => ({
    columns: ['NODE', 'STEP', 'STATE', 'NOTE'],
    rows: nodes.flatMap(({ node, outcome, result }) =>
      result === undefined ? [[node, '-', outcome, '-']] : result.steps.map(({ step, state, note }) => [node, step, state, note]),
    ),
  }),
  text: ({ nodes = [] }, style) =>
    nodes
      .flatMap(({ node, outcome, result }) => [
        `${style.bold(node)} ${outcome === 'ok' ? style.good('ok') : style.bad(outcome)}`,
        ...(result?.steps ?? []).map(({ step, state, note }) => {
          const tone = state === 'ok' ? 'good' : state === 'failed' ? 'bad' : 'dim'
          return `  ${step.padEnd(10)}${style[tone](state.padEnd(8))} ${printable(note)}`
        }),
      ])
      .map((line) => `${line}\n`)
      .join(''),
  names: ({ nodes = [] }) => nodes.map(({ node }) => node),
}
