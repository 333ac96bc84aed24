import { valueText } from '../../operations/mta/keys.ts'
import type { ChangeResult, KeyChange, PutBack, Step } from '../../operations/mta/results.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { View } from './view.ts'

/** A changing verb: a line a node. */
export function mtaChangeView(verb: ChangeResult['verb']): View<undefined, ChangeResult> {
  return {
    schema: `mta.${verb}/1`,
    table: ({ nodes = [] }) => ({ columns: ['NAME', 'OUTCOME', 'WHAT', 'REVISION'], rows: nodes.map((node) => row(node)) }),
    brief: (node) => (node.result === undefined ? node.outcome : `${node.outcome}, ${row(node)[2] ?? ''}`),
  }
}

/** Why a node failed is said once, below the table. */
function row({ node, outcome, result }: NodeOutcome<ChangeResult>): readonly string[] {
  if (result === undefined) return [node, outcome, '-', '-']
  return [node, outcome, changeWords(result), revisionText(result)]
}

/** The revision that a node was left at. */
export function revisionText({ putBack, ...result }: ChangeResult): string {
  const { revision } = putBack ?? result
  return revision === undefined ? '-' : String(revision)
}

function putBackWords({ to, power }: PutBack): string {
  const parts = [...(to === undefined ? [] : [`the settings of revision ${to}`]), ...(power === undefined ? [] : [power])]
  return parts.join(', ')
}

const DONE: Readonly<Record<Step, string>> = {
  wrote: 'settings written',
  reloaded: 'reloaded',
  restarted: 'restarted',
  'not-loaded': 'not loaded by the running process yet',
  started: 'started',
  stopped: 'stopped',
}

const NO_OP: Readonly<Record<ChangeResult['verb'], string>> = {
  start: 'runs already, nothing to do',
  stop: 'is stopped already, nothing to do',
  restart: 'nothing to do',
  sync: 'is synced already, nothing to do',
  rollback: 'is as asked already, nothing to do',
}

/** What a changing verb did, or would do, in words. */
export function changeWords(result: ChangeResult): string {
  const { steps, verb, dryRun, keys = [], putBack, to } = result
  if (putBack !== undefined) return `put back: ${putBackWords(putBack)}`
  if (steps.length === 0) return NO_OP[verb]
  if (steps.every((step) => step === 'not-loaded')) return `nothing to write, ${DONE['not-loaded']}`
  const changes = keys.length > 0 ? ` (${keys.map(keyWords).join(', ')})` : ''
  const earlier = to === undefined ? 'earlier settings' : `settings of revision ${to}`
  const wrote = `${verb === 'rollback' ? `${earlier} written` : DONE.wrote}${changes}`
  const what = steps.map((step) => (step === 'wrote' ? wrote : DONE[step])).join(', ')
  return dryRun ? `would be: ${what}` : what
}

/** One setting's change: `dns-lookup-timeout: 5s -> 9s`. */
export function keyWords({ key, told, wanted }: KeyChange): string {
  const [before, after] = [told, wanted].map((value) => (value === undefined ? 'not set' : valueText(key, value)))
  return `${key}: ${before ?? ''} -> ${after ?? ''}`
}
